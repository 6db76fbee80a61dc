//! `RabbitMQ`: it takes seconds to start, so that whoever needs it asks for it early.

use std::ops::Deref;
use std::sync::LazyLock;

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};

use crate::server::{Place, Server, free_port};
use crate::{ask, programs};

/// A `RabbitMQ` of our own.
#[derive(Debug)]
pub struct RabbitMq {
    server: Server,
    /// Erlang's port mapper, which would outlive it.
    _mapper: Server,
}

impl RabbitMq {
    /// The one of the whole test program: nobody freezes it.
    pub fn shared() -> &'static RabbitMq {
        static SHARED: LazyLock<RabbitMq> = LazyLock::new(RabbitMq::start);
        &SHARED
    }

    /// One more.
    #[must_use]
    pub fn start() -> RabbitMq {
        let mapper = mapper();
        let place = Place::new("rabbitmq");
        let folder = |name: &str| place.folder.join(name).display().to_string();
        std::fs::write(folder("plugins"), "[].").expect("the folder is ours");
        std::fs::write(folder("rabbitmq.conf"), "").expect("the folder is ours");
        let mut command = place.command(programs::find("rabbitmq-server", "rabbitmq-server"));
        for (name, value) in [
            ("RABBITMQ_NODENAME", format!("n{}@localhost", place.port)),
            ("RABBITMQ_NODE_PORT", place.port.to_string()),
            ("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1".to_owned()),
            ("RABBITMQ_DIST_PORT", free_port().to_string()),
            ("RABBITMQ_MNESIA_BASE", folder("mnesia")),
            ("RABBITMQ_LOG_BASE", folder("logs")),
            ("RABBITMQ_CONFIG_FILE", folder("rabbitmq.conf")),
            ("RABBITMQ_ENABLED_PLUGINS_FILE", folder("plugins")),
            ("RABBITMQ_CONF_ENV_FILE", "/dev/null".to_owned()),
            // As under systemd the script becomes the server, instead of waiting for it: it is what is killed with us.
            ("RUNNING_UNDER_SYSTEMD", "true".to_owned()),
            ("ERL_EPMD_PORT", mapper.port().to_string()),
            ("ERL_EPMD_ADDRESS", "127.0.0.1".to_owned()),
        ] {
            command.env(name, value);
        }
        let (url, port) = (url(place.port), place.port);
        let answers = || {
            // Asked of a port that is not open yet, a client would wait for longer than that takes.
            std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
                && ask(Connection::connect(&url, ConnectionProperties::default()))
                    .is_ok_and(|connection| ask(connection.close(200, "bye".into())).is_ok())
        };
        let server = place.start(command, answers);
        RabbitMq { server, _mapper: mapper }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        url(self.port())
    }

    /// A queue of this name with `messages` in it, numbered from 0.
    ///
    /// # Panics
    ///
    /// If the broker does not take one.
    pub fn fill(&self, name: &str, messages: u64) {
        self.with_channel(async |channel| {
            let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
            channel.queue_declare(name.into(), options, FieldTable::default()).await?;
            channel.confirm_select(ConfirmSelectOptions::default()).await?;
            for number in 0..messages {
                let options = BasicPublishOptions::default();
                let payload = number.to_string();
                let properties = BasicProperties::default();
                // Confirmed all together.
                drop(
                    channel
                        .basic_publish("".into(), name.into(), options, payload.as_bytes(), properties)
                        .await?,
                );
            }
            channel.wait_for_confirms().await?;
            Ok(())
        });
    }

    /// How many messages of a queue nobody has.
    ///
    /// # Panics
    ///
    /// If there is no such queue.
    pub fn waiting(&self, name: &str) -> u32 {
        self.with_channel(async |channel| {
            let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
            Ok(channel.queue_declare(name.into(), options, FieldTable::default()).await?.message_count())
        })
    }

    #[track_caller]
    fn with_channel<T>(&self, act: impl AsyncFnOnce(&Channel) -> lapin::Result<T>) -> T {
        let done: lapin::Result<T> = ask(async {
            let connection = Connection::connect(&self.url(), ConnectionProperties::default()).await?;
            // Dropped before, it would be closed beside the connection.
            let channel = connection.create_channel().await?;
            let done = act(&channel).await;
            connection.close(200, "bye".into()).await?;
            done
        });
        done.expect("RabbitMQ answers")
    }
}

impl Deref for RabbitMq {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

fn url(port: u16) -> String {
    format!("amqp://127.0.0.1:{port}/%2f")
}

/// Started by us, since the one that `RabbitMQ` starts where there is none stays for ever.
fn mapper() -> Server {
    let place = Place::new("epmd");
    let mut command = place.command(programs::find("epmd", "erlang-base"));
    command.env("ERL_EPMD_PORT", place.port.to_string()).env("ERL_EPMD_ADDRESS", "127.0.0.1");
    let port = place.port;
    place.start(command, || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok())
}
