//! Redis streams.

use std::collections::VecDeque;
use std::sync::Arc;

use super::library::redis::aio::MultiplexedConnection;
use super::library::redis::streams::{StreamReadOptions, StreamReadReply};
use super::library::redis::{self, AsyncCommands as _, Client};
use crate::consumer::{Error, Receipt, Source};

/// How long one `XREADGROUP` waits at the server.
const BLOCK_MILLISECONDS: usize = 2_000;

/// The entries of a Redis stream for one consumer of a group.
///
/// - Entries that this consumer has received before and not acknowledged come first. Give each process a name that it has
///   again after a restart (the pod's ordinal, the host).
/// - At the stop nothing has to be requeued. Entries that are not begun stay pending under that name, and the next
///   process reads them first.
/// - Entries are read on a connection of their own, which waits at the server. Acknowledgements use another connection.
#[derive(Debug)]
pub struct RedisStream {
    reading: MultiplexedConnection,
    answering: Arc<Answering>,
    consumer: String,
    count: usize,
    /// The id that the server gives to the connection that waits.
    waiting: i64,
    /// The last pending entry that has been read. `None` once all of them have been.
    pending_after: Option<String>,
    taken: VecDeque<Entry>,
    cancelled: bool,
}

/// What each receipt needs to acknowledge its entry.
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
    /// The id of the entry.
    pub id: String,
    /// The fields of the entry.
    pub fields: std::collections::HashMap<String, redis::Value>,
}

impl Entry {
    /// Converts a field. `None` if there is no such field, or if its value does not convert to `T`.
    pub fn get<T: redis::FromRedisValue>(&self, field: &str) -> Option<T> {
        redis::from_redis_value(self.fields.get(field)?.clone()).ok()
    }
}

impl RedisStream {
    /// Reads as `consumer` of `group`. A group that does not exist is created at the beginning of the stream.
    ///
    /// # Errors
    ///
    /// If the server cannot be reached, or if the key is not a stream.
    pub async fn open(
        client: &Client,
        stream: &str,
        group: &str,
        consumer: &str,
    ) -> Result<RedisStream, Error> {
        // A read that waits has no time-out of its own.
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

    /// Configures how many entries it reads at once. Defaults to 64, and 0 counts as 1.
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
            None => (options.block(BLOCK_MILLISECONDS), ">"),
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
            // Entries that a dropped read took are pending, and come first the next time.
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

/// Ends the read that waits at the server, so that it takes nothing for a consumer that is gone.
pub(super) async fn unblock(connection: &mut MultiplexedConnection, waiting: i64) -> redis::RedisResult<()> {
    let _: i64 = redis::cmd("CLIENT").arg("UNBLOCK").arg(waiting).query_async(connection).await?;
    Ok(())
}

/// The receipt of an entry of a [`RedisStream`].
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

    /// Leaves it pending.
    async fn requeue(self) -> Result<(), Error> {
        Ok(())
    }
}
