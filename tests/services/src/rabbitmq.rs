//! `RabbitMQ`. The server takes seconds to start, so a test requests it early.

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};

use crate::server::{Place, Server, free_port, shared};
use crate::{ask, installed, wait_until};

/// A `RabbitMQ` server for the tests.
#[derive(Debug)]
pub struct RabbitMq {
    server: Server,
    /// Erlang's port mapper, which would outlive the server.
    mapper: Server,
}

impl RabbitMq {
    /// Starts another server.
    #[must_use]
    pub fn start() -> RabbitMq {
        let mapper = mapper();
        let place = Place::new("rabbitmq");
        let folder = |name: &str| place.folder.join(name).display().to_string();
        std::fs::write(folder("plugins"), "[].").expect("the folder is ours");
        std::fs::write(folder("rabbitmq.conf"), "").expect("the folder is ours");
        let mut command = place.command(installed("rabbitmq-server", "rabbitmq-server"));
        for (name, value) in [
            ("RABBITMQ_NODENAME", node(place.port)),
            ("RABBITMQ_NODE_PORT", place.port.to_string()),
            ("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1".to_owned()),
            ("RABBITMQ_DIST_PORT", free_port().to_string()),
            ("RABBITMQ_MNESIA_BASE", folder("mnesia")),
            ("RABBITMQ_LOG_BASE", folder("logs")),
            ("RABBITMQ_CONFIG_FILE", folder("rabbitmq.conf")),
            ("RABBITMQ_ENABLED_PLUGINS_FILE", folder("plugins")),
            ("RABBITMQ_CONF_ENV_FILE", "/dev/null".to_owned()),
            // With this setting the script becomes the server instead of waiting for it. So the kill reaches the
            // server.
            ("RUNNING_UNDER_SYSTEMD", "true".to_owned()),
            ("ERL_EPMD_PORT", mapper.port().to_string()),
            ("ERL_EPMD_ADDRESS", "127.0.0.1".to_owned()),
        ] {
            command.env(name, value);
        }
        let (url, port) = (url(place.port), place.port);
        let answers = || {
            // A client that tries a closed port waits longer than the server takes to start.
            std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
                && ask(Connection::connect(&url, ConnectionProperties::default()))
                    .is_ok_and(|connection| ask(connection.close(200, "bye".into())).is_ok())
        };
        let server = place.start(command, answers);
        RabbitMq { server, mapper }
    }

    /// Returns the URL of the server.
    pub fn url(&self) -> String {
        url(self.port())
    }

    /// Creates a queue of this name with `messages` messages, numbered from 0.
    pub fn fill(&self, name: &str, messages: u64) {
        self.with_channel(async |channel| {
            let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
            channel.queue_declare(name.into(), options, FieldTable::default()).await?;
            channel.confirm_select(ConfirmSelectOptions::default()).await?;
            for number in 0..messages {
                let options = BasicPublishOptions::default();
                let payload = number.to_string();
                let properties = BasicProperties::default();
                // The confirmations are awaited together after the loop.
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

    /// Returns the number of messages in a queue that no consumer holds.
    pub fn waiting(&self, name: &str) -> u32 {
        self.with_channel(async |channel| {
            let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
            Ok(channel.queue_declare(name.into(), options, FieldTable::default()).await?.message_count())
        })
    }

    /// Returns the names of the connections that clients have named, as the server lists them.
    #[track_caller]
    pub fn named_connections(&self) -> Vec<String> {
        let mut list = self.server.command(installed("rabbitmqctl", "rabbitmq-server"));
        list.env("ERL_EPMD_PORT", self.mapper.port().to_string());
        list.args(["--quiet", "--node", &node(self.port()), "list_connections", "client_properties"]);
        let list = Place::run(list);
        // One line for each connection, such as `[{"product","lapin"},{"connection_name","orders"}]`.
        let name = |line: &str| {
            let (_, rest) = line.split_once(r#"{"connection_name",""#)?;
            Some(rest.split_once('"')?.0.to_owned())
        };
        list.lines().filter_map(name).collect()
    }

    /// Waits until the server has read all that clients have sent that are gone, and has closed their connections.
    #[track_caller]
    pub fn is_left(&self) {
        // The columns are those of `proc(5)`: `sl local_address rem_address st ..`. The addresses end with a port.
        let ours = format!(":{:04X}", self.port());
        let is_open = |line: &str| {
            let mut fields = line.split_whitespace().skip(1);
            let local = fields.next().is_some_and(|address| address.ends_with(&ours));
            // Established, or closed by the client alone.
            local && fields.nth(1).is_some_and(|state| state == "01" || state == "08")
        };
        wait_until("the end of all connections to RabbitMQ", || {
            let table = std::fs::read_to_string("/proc/net/tcp").expect("this system has `proc(5)`");
            !table.lines().any(is_open)
        });
    }

    #[track_caller]
    fn with_channel<T>(&self, act: impl AsyncFnOnce(&Channel) -> lapin::Result<T>) -> T {
        let done: lapin::Result<T> = ask(async {
            let connection = Connection::connect(&self.url(), ConnectionProperties::default()).await?;
            // If the channel were dropped earlier, it would be closed concurrently with the connection.
            let channel = connection.create_channel().await?;
            let done = act(&channel).await;
            connection.close(200, "bye".into()).await?;
            done
        });
        done.expect("RabbitMQ answers")
    }
}

shared!(RabbitMq, server);

fn node(port: u16) -> String {
    format!("n{port}@localhost")
}

fn url(port: u16) -> String {
    format!("amqp://127.0.0.1:{port}/%2f")
}

/// Starts a port mapper. The mapper that `RabbitMQ` would start never ends.
fn mapper() -> Server {
    let place = Place::new("epmd");
    let mut command = place.command(installed("epmd", "erlang-base"));
    command.env("ERL_EPMD_PORT", place.port.to_string()).env("ERL_EPMD_ADDRESS", "127.0.0.1");
    let port = place.port;
    place.start(command, || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok())
}
