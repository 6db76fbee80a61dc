//! Redis lists, as reliable queues.

use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::library::redis::aio::MultiplexedConnection;
use super::library::redis::{self, AsyncCommands as _, Client, Direction, RedisResult};
use super::redis_stream::unblock;
use crate::consumer::{Error, Receipt, Source};

/// How long one `BLMOVE` waits at the server.
const BLOCK_SECONDS: f64 = 2.0;
/// How often the server is told, after the cancellation, that nobody waits.
const UNBLOCK_INTERVAL: Duration = Duration::from_millis(20);

/// The elements of a Redis list, taken from its right end. Producers use `LPUSH`.
///
/// - Each element is moved (`LMOVE`) to the list of elements in progress of this consumer, and removed from it when it
///   is acknowledged.
/// - Elements that are in that list at the start belong to a process that was killed. They are moved back first, so give
///   each process a name that it has again after a restart (the pod's ordinal, the host).
/// - At the stop elements that are not handled are moved back, and are the next ones that a consumer takes.
pub struct RedisList {
    reading: MultiplexedConnection,
    /// The move that waits at the server. Kept when the future that asked for it is dropped, because it may take an
    /// element anyway.
    moving: Option<BoxFuture<'static, RedisResult<Option<Vec<u8>>>>>,
    answering: MultiplexedConnection,
    list: String,
    in_progress: String,
    /// The id that the server gives to the connection that waits.
    waiting: i64,
    cancelled: bool,
}

impl RedisList {
    /// Takes from `list` as `consumer`. Elements in progress are in the list `<list>:in-hand:<consumer>`.
    ///
    /// # Errors
    ///
    /// If the server cannot be reached, or if a key is not a list.
    pub async fn open(client: &Client, list: &str, consumer: &str) -> Result<RedisList, Error> {
        // A read that waits has no time-out of its own.
        let patient = redis::AsyncConnectionConfig::new().set_response_timeout(None);
        let mut reading = client.get_multiplexed_async_connection_with_config(&patient).await?;
        let answering = client.get_multiplexed_async_connection().await?;
        let in_progress = format!("{list}:in-hand:{consumer}");
        let waiting = redis::cmd("CLIENT").arg("ID").query_async(&mut reading).await?;
        let mut opened = RedisList {
            reading,
            moving: None,
            answering,
            list: list.to_owned(),
            in_progress,
            waiting,
            cancelled: false,
        };
        opened.move_back().await?;
        Ok(opened)
    }

    async fn moved(&mut self) -> RedisResult<Option<Vec<u8>>> {
        let moving = self.moving.get_or_insert_with(|| {
            let (mut reading, list, in_progress) =
                (self.reading.clone(), self.list.clone(), self.in_progress.clone());
            Box::pin(async move {
                reading.blmove(list, in_progress, Direction::Right, Direction::Left, BLOCK_SECONDS).await
            })
        });
        let moved = if self.cancelled {
            loop {
                // The first `CLIENT UNBLOCK` may have arrived before the `BLMOVE`.
                match tokio::time::timeout(UNBLOCK_INTERVAL, &mut *moving).await {
                    Ok(moved) => break moved,
                    Err(_) => unblock(&mut self.answering, self.waiting).await?,
                }
            }
        } else {
            moving.await
        };
        self.moving = None;
        moved
    }

    /// Moves back the elements in progress, which nobody handles any more, in their old order.
    async fn move_back(&mut self) -> Result<(), Error> {
        let (from, to) = (&self.in_progress, &self.list);
        loop {
            let moved: Option<Vec<u8>> =
                self.answering.lmove(from, to, Direction::Left, Direction::Right).await?;
            if moved.is_none() {
                return Ok(());
            }
        }
    }
}

impl fmt::Debug for RedisList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisList")
            .field("list", &self.list)
            .field("in_progress", &self.in_progress)
            .finish_non_exhaustive()
    }
}

impl Source for RedisList {
    type Message = Vec<u8>;
    type Receipt = RedisListReceipt;

    async fn next(&mut self) -> Option<Result<(Vec<u8>, RedisListReceipt), Error>> {
        while !self.cancelled || self.moving.is_some() {
            let element = match self.moved().await {
                Ok(Some(element)) => element,
                Ok(None) => continue,
                Err(error) => return Some(Err(error.into())),
            };
            let receipt = RedisListReceipt {
                connection: self.answering.clone(),
                list: self.list.clone(),
                in_progress: self.in_progress.clone(),
                element: element.clone(),
            };
            return Some(Ok((element, receipt)));
        }
        None
    }

    async fn cancel(&mut self) -> Result<(), Error> {
        self.cancelled = true;
        Ok(unblock(&mut self.answering, self.waiting).await?)
    }

    async fn finish(&mut self) -> Result<(), Error> {
        self.move_back().await
    }
}

/// The receipt of an element of a [`RedisList`].
#[derive(Debug)]
pub struct RedisListReceipt {
    connection: MultiplexedConnection,
    list: String,
    in_progress: String,
    element: Vec<u8>,
}

impl RedisListReceipt {
    /// Moves the element from those in progress to the list, both or neither.
    async fn move_to(mut self, push: &str) -> Result<(), Error> {
        let script =
            "if redis.call('LREM', KEYS[1], 1, ARGV[1]) == 1 then redis.call(ARGV[2], KEYS[2], ARGV[1]) end";
        let mut moved = redis::cmd("EVAL");
        moved.arg(script).arg(2).arg(&self.in_progress).arg(&self.list).arg(&self.element).arg(push);
        moved.exec_async(&mut self.connection).await?;
        Ok(())
    }
}

impl Receipt for RedisListReceipt {
    async fn ack(mut self) -> Result<(), Error> {
        let _: u64 = self.connection.lrem(&self.in_progress, 1, &self.element).await?;
        Ok(())
    }

    /// Makes it the next one that a consumer takes.
    async fn requeue(self) -> Result<(), Error> {
        self.move_to("RPUSH").await
    }

    /// Makes it the last one that a consumer takes. Otherwise no other element would get a turn.
    async fn retry_later(self) -> Result<(), Error> {
        self.move_to("LPUSH").await
    }
}
