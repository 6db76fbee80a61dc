//! Redis streams.

use std::collections::VecDeque;
use std::sync::Arc;

use redis::aio::MultiplexedConnection;
use redis::streams::{StreamReadOptions, StreamReadReply};
use redis::{AsyncCommands as _, Client};

use super::{Error, Receipt, Source};

/// How long one `XREADGROUP` waits at the server, in milliseconds.
const BLOCK: usize = 2_000;

/// The entries of a Redis stream for one consumer of a group.
///
/// First come the entries that this consumer was given before and has not acknowledged: so give each process a name
/// that it has again after a restart (the pod's ordinal, the host). At the stop nothing needs to be handed back: what
/// is not begun stays pending under that name, and is what the next process reads first.
///
/// It reads on a connection of its own, which waits at the server; acknowledgements go over another.
#[derive(Debug)]
pub struct RedisStream {
    reading: MultiplexedConnection,
    answering: Arc<Answering>,
    consumer: String,
    count: usize,
    /// The server's number of the connection that waits.
    waiting: i64,
    /// Behind which of the entries that are pending already it reads; `None` once those are through.
    pending_after: Option<String>,
    taken: VecDeque<Entry>,
    cancelled: bool,
}

/// What each receipt needs.
#[derive(Debug)]
struct Answering {
    connection: MultiplexedConnection,
    stream: String,
    group: String,
}

/// An entry of a Redis stream.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Entry {
    /// Its id.
    pub id: String,
    /// Its fields.
    pub fields: std::collections::HashMap<String, redis::Value>,
}

impl Entry {
    /// A field as a type that Redis values convert to; `None` if there is none, or it does not.
    pub fn get<T: redis::FromRedisValue>(&self, field: &str) -> Option<T> {
        redis::from_redis_value(self.fields.get(field)?.clone()).ok()
    }
}

impl RedisStream {
    /// Reads as `consumer` of `group`, which it makes where there is none, from the stream's beginning.
    ///
    /// # Errors
    ///
    /// If the server cannot be reached, or the key is no stream.
    pub async fn open(
        client: &Client,
        stream: &str,
        group: &str,
        consumer: &str,
    ) -> Result<RedisStream, Error> {
        // The answer to a read that waits comes when it comes.
        let patient = redis::AsyncConnectionConfig::new().set_response_timeout(None);
        let mut reading = client.get_multiplexed_async_connection_with_config(&patient).await?;
        let mut answering = client.get_multiplexed_async_connection().await?;
        let waiting = redis::cmd("CLIENT").arg("ID").query_async(&mut reading).await?;
        match answering.xgroup_create_mkstream::<_, _, _, ()>(stream, group, "0").await {
            Err(error) if error.code() == Some("BUSYGROUP") => {}
            made => made?,
        }
        Ok(RedisStream {
            reading,
            answering: Arc::new(Answering {
                connection: answering,
                stream: stream.to_owned(),
                group: group.to_owned(),
            }),
            consumer: consumer.to_owned(),
            count: 64,
            waiting,
            pending_after: Some("0".to_owned()),
            taken: VecDeque::new(),
            cancelled: false,
        })
    }

    /// How many entries it reads at once: 64 unless told otherwise; 0 counts as 1.
    #[must_use]
    pub fn count(mut self, entries: usize) -> RedisStream {
        self.count = entries.max(1);
        self
    }

    async fn read(&mut self) -> Result<(), Error> {
        let options =
            StreamReadOptions::default().group(&self.answering.group, &self.consumer).count(self.count);
        let (options, after) = match &self.pending_after {
            Some(after) => (options, after.as_str()),
            None => (options.block(BLOCK), ">"),
        };
        let reply: Option<StreamReadReply> =
            self.reading.xread_options(&[&self.answering.stream], &[after], &options).await?;
        let entries = reply.into_iter().flat_map(|reply| reply.keys).flat_map(|key| key.ids);
        self.taken.extend(entries.map(|entry| Entry { id: entry.id, fields: entry.map }));
        if self.pending_after.is_some() {
            self.pending_after = self.taken.back().map(|entry| entry.id.clone());
        }
        Ok(())
    }
}

impl Source for RedisStream {
    type Message = Entry;
    type Receipt = RedisStreamReceipt;

    async fn next(&mut self) -> Option<Result<(Entry, RedisStreamReceipt), Error>> {
        while self.taken.is_empty() {
            if self.cancelled {
                return None;
            }
            // What is read and lost, because this future is dropped, is pending, and comes first the next time.
            if let Err(error) = self.read().await {
                return Some(Err(error));
            }
        }
        let entry = self.taken.pop_front()?;
        let receipt = RedisStreamReceipt { answering: Arc::clone(&self.answering), id: entry.id.clone() };
        Some(Ok((entry, receipt)))
    }

    async fn cancel(&mut self) -> Result<(), Error> {
        self.cancelled = true;
        Ok(unblock(&mut self.answering.connection.clone(), self.waiting).await?)
    }
}

/// Ends the read that waits at the server, so that it takes nothing more for somebody who is gone.
pub(super) async fn unblock(connection: &mut MultiplexedConnection, waiting: i64) -> redis::RedisResult<()> {
    let _: i64 = redis::cmd("CLIENT").arg("UNBLOCK").arg(waiting).query_async(connection).await?;
    Ok(())
}

/// Of a [`RedisStream`].
#[derive(Debug)]
pub struct RedisStreamReceipt {
    answering: Arc<Answering>,
    id: String,
}

impl Receipt for RedisStreamReceipt {
    async fn ack(self) -> Result<(), Error> {
        let Answering { connection, stream, group } = &*self.answering;
        let _: u64 = connection.clone().xack(stream, group, &[&self.id]).await?;
        Ok(())
    }

    /// It stays pending.
    async fn hand_back(self) -> Result<(), Error> {
        Ok(())
    }
}
