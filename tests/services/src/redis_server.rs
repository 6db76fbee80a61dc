//! Redis.

use redis::{Client, FromRedisValue};

use crate::server::{Place, Server, shared};
use crate::{ask, installed};

/// A Redis server for the tests.
#[derive(Debug)]
pub struct Redis(Server);

impl Redis {
    /// Starts another server.
    #[must_use]
    pub fn start() -> Redis {
        let place = Place::new("redis");
        let port = place.port.to_string();
        let mut command = place.command(installed("redis-server", "redis-server"));
        command.args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir"]);
        command.arg(&place.folder);
        let client = client(place.port);
        Redis(place.start(command, || client.get_connection().is_ok()))
    }

    /// Returns the URL of the server.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port())
    }

    /// Runs a command, given as words.
    #[track_caller]
    pub fn run<T: FromRedisValue>(&self, words: &[&str]) -> T {
        let mut command = redis::cmd(words[0]);
        for word in &words[1..] {
            command.arg(*word);
        }
        self.query(&command)
    }

    /// Returns the number of entries of a stream that the consumers of its group have not acknowledged.
    #[track_caller]
    pub fn pending(&self, stream: &str) -> i64 {
        let pending: (i64, redis::Value, redis::Value, redis::Value) =
            self.run(&["XPENDING", stream, "group"]);
        pending.0
    }

    /// Returns the number of clients except for the one that asks.
    #[track_caller]
    pub fn other_clients(&self) -> usize {
        self.run::<String>(&["CLIENT", "LIST"]).lines().count() - 1
    }

    /// Runs all commands of the pipeline in one request.
    #[track_caller]
    pub fn all(&self, pipeline: &redis::Pipeline) {
        let done: redis::RedisResult<()> = ask(async {
            let mut connection = client(self.port()).get_multiplexed_async_connection().await?;
            pipeline.query_async(&mut connection).await
        });
        done.expect("a pipeline");
    }

    #[track_caller]
    fn query<T: FromRedisValue>(&self, command: &redis::Cmd) -> T {
        let answer: redis::RedisResult<T> = ask(async {
            let mut connection = client(self.port()).get_multiplexed_async_connection().await?;
            command.query_async(&mut connection).await
        });
        answer.unwrap_or_else(|error| panic!("{error}"))
    }
}

shared!(Redis, 0);

fn client(port: u16) -> Client {
    Client::open(("127.0.0.1", port)).expect("an address")
}
