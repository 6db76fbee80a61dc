//! NATS, with `JetStream`.

use std::error::Error;
use std::time::Duration;

use async_nats::jetstream::consumer::{PullConsumer, pull};
use async_nats::jetstream::stream;
use async_nats::{Client, ConnectOptions, ServerAddr, jetstream};
use futures_util::StreamExt as _;
use futures_util::future::join_all;

use crate::server::{Place, Server, shared};
use crate::{ask, installed};

/// The acknowledgement time-out. It is longer than any test, so no message is delivered again because of it.
const ACK_WAIT: Duration = Duration::from_secs(5 * 60);

/// A NATS server for the tests.
#[derive(Debug)]
pub struct Nats {
    server: Server,
    client: Client,
}

impl Nats {
    /// Starts another server.
    #[must_use]
    pub fn start() -> Nats {
        Nats::start_with("", "")
    }

    /// Starts a server that requires the password `secret`. The user `u` has all permissions. The user `orders`
    /// can only publish to the subject `orders`.
    #[must_use]
    pub fn locked() -> Nats {
        let users = r#"authorization { users = [
            { user: u, password: secret }
            { user: orders, password: secret, permissions: { publish: orders, subscribe: { deny: ">" } } }
        ] }"#;
        Nats::start_with(users, "u:secret@")
    }

    fn start_with(config: &str, user: &str) -> Nats {
        let place = Place::new("nats");
        let file = place.folder.join("config");
        std::fs::write(&file, config).expect("the folder is ours");
        let (port, url) = (place.port.to_string(), format!("nats://{user}127.0.0.1:{}", place.port));
        let mut command = place.command(installed("nats-server", "nats-server"));
        command.args(["-a", "127.0.0.1", "-p", &port, "-js", "-sd"]).arg(place.folder.join("js"));
        command.arg("-c").arg(file);
        let server = place.start(command, || ask(Nats::connect(&url)).is_ok());
        let client = ask(Nats::connect(&url)).expect("it answered before");
        Nats { server, client }
    }

    /// Connects a client as the user in this URL. The client library ignores that user.
    ///
    /// # Errors
    ///
    /// If the server is not running or rejects the user.
    pub async fn connect(url: &str) -> Result<Client, Box<dyn Error + Send + Sync>> {
        let address: ServerAddr = url.parse()?;
        let options = match (address.username(), address.password()) {
            (Some(user), Some(password)) => {
                ConnectOptions::with_user_and_password(user.to_owned(), password.to_owned())
            }
            _ => ConnectOptions::new(),
        };
        Ok(options.connect(address).await?)
    }

    /// Returns the URL of the server.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port())
    }

    /// Subscribes to `subject`, and waits until the server has the subscription.
    pub fn subscribe(&self, subject: &'static str) -> async_nats::Subscriber {
        ask(async {
            let mut subscriber = self.client.subscribe(subject).await.expect("a subscription");
            self.client.publish(subject, "hello".into()).await.expect("a message");
            // The server has the subscription when this message arrives.
            assert_eq!(subscriber.next().await.expect("a message").payload, "hello");
            subscriber
        })
    }

    /// Creates a stream and a pull consumer, both of this name, with `messages` messages, numbered from 0.
    ///
    /// A message that is not acknowledged within `ack_wait` is delivered again. `None` means 5 minutes.
    pub fn fill(&self, name: &str, messages: u64, ack_wait: Option<Duration>) {
        ask(async {
            let context = jetstream::new(self.client.clone());
            let subject = format!("of.{name}");
            let config = stream::Config {
                name: name.to_owned(),
                subjects: vec![subject.clone()],
                storage: stream::StorageType::Memory,
                ..stream::Config::default()
            };
            let stream = context.create_stream(config).await.expect("a stream");
            let config = pull::Config {
                durable_name: Some(name.to_owned()),
                ack_wait: ack_wait.unwrap_or(ACK_WAIT),
                max_ack_pending: 1_000,
                ..pull::Config::default()
            };
            stream.create_consumer(config).await.expect("a consumer");
            let numbers: Vec<u64> = (0..messages).collect();
            for some in numbers.chunks(500) {
                let mut sent = Vec::new();
                for number in some {
                    let payload = number.to_string().into();
                    sent.push(context.publish(subject.clone(), payload).await.expect("a message"));
                }
                let taken = join_all(sent.into_iter().map(IntoFuture::into_future)).await;
                for taken in taken {
                    taken.expect("a message is taken");
                }
            }
        });
    }

    /// Returns the state of a consumer, as the server reports it.
    pub fn info(&self, name: &str) -> jetstream::consumer::Info {
        ask(async {
            let context = jetstream::new(self.client.clone());
            let mut consumer: PullConsumer =
                context.get_consumer_from_stream(name, name).await.expect("the consumer");
            consumer.info().await.expect("what it knows").clone()
        })
    }

    /// Takes and acknowledges the next message of a consumer. Returns `None` if no message arrives within `wait`.
    pub fn take(&self, name: &str, wait: Duration) -> Option<String> {
        ask(async {
            let context = jetstream::new(self.client.clone());
            let consumer: PullConsumer =
                context.get_consumer_from_stream(name, name).await.expect("the consumer");
            let mut batch = consumer.batch().max_messages(1).expires(wait).messages().await.expect("a batch");
            let message = batch.next().await?.expect("a message");
            message.ack().await.expect("an acknowledgement");
            Some(String::from_utf8_lossy(&message.payload).into_owned())
        })
    }
}

shared!(Nats, server);
