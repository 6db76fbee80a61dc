//! The conversation with one client.

use std::io;

use lifecycle::net::Connection;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::protocol::{self, Command, Reply};
use crate::store::Store;

struct Client {
    connection: Connection,
    /// Bytes that are not a command yet, and commands that are not answered yet.
    buffer: Vec<u8>,
}

/// Answers the commands of a client until it closes, or until the drain ends the connection.
pub(crate) async fn hold(connection: Connection, store: &Store) -> io::Result<()> {
    let mut client = Client { connection, buffer: Vec::new() };
    while let Some(command) = client.next().await? {
        let reply = match command {
            Command::Subscribe(channel) => return subscribe(client, store, channel).await,
            Command::Get(key) => store.get(&key).map_or(Reply::Nothing, Reply::Bytes),
            Command::Set(key, value) => {
                store.set(key, value);
                Reply::Word("OK")
            }
            Command::Ping => Reply::Word("PONG"),
            Command::Publish(channel, message) => Reply::Number(store.publish(&channel, &message)),
            Command::Unknown => Reply::Error("unknown command, or a wrong number of arguments"),
        };
        client.send(&reply).await?;
    }
    Ok(())
}

impl Client {
    /// Returns the next command, or `None` after the client has closed or the drain has ended the connection.
    async fn next(&mut self) -> io::Result<Option<Command>> {
        loop {
            if let Some((command, length)) = protocol::parse(&self.buffer)? {
                self.buffer.drain(..length);
                return Ok(Some(command));
            }
            // Every command is answered, apart from what the buffer holds.
            self.connection.mark_idle(&self.buffer);
            // A client that sends its next command at once ends here, and a quiet one ends in the read.
            if self.connection.may_end() || self.connection.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
    }

    async fn send(&mut self, reply: &Reply) -> io::Result<()> {
        self.connection.write_all(&reply.to_bytes()).await
    }
}

/// Sends the messages of a channel. At the stop the subscriber receives what was published before, and then a goodbye.
async fn subscribe(mut client: Client, store: &Store, channel: Vec<u8>) -> io::Result<()> {
    let mut messages = store.subscribe(&channel);
    client.send(&Reply::event("subscribe", &channel, Reply::Number(1))).await?;
    let mut ignored = [0; 512];
    // The subscription is in use until the drain begins.
    client.connection.mark_busy();
    loop {
        tokio::select! {
            message = messages.recv() => match message {
                Some(message) => client.send(&Reply::event("message", &channel, Reply::Bytes(message))).await?,
                // A subscriber that is too slow has lost its place.
                None => return Ok(()),
            },
            length = client.connection.read(&mut ignored) => {
                if length? == 0 {
                    return Ok(());
                }
            }
            () = lifecycle::draining() => break,
        }
    }
    // No publisher counts this subscriber after `close`.
    messages.close();
    while let Some(message) = messages.recv().await {
        client.send(&Reply::event("message", &channel, Reply::Bytes(message))).await?;
    }
    client.send(&Reply::event("unsubscribe", &channel, Reply::Number(0))).await
}
