//! Redis lists, as reliable queues.

use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;
use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands as _, Client, Direction, RedisResult};

use super::redis_stream::unblock;
use super::{Error, Receipt, Source};

/// How long one `BLMOVE` waits at the server, in seconds.
const BLOCK: f64 = 2.0;
/// How long after the cancellation the server is told again that nobody waits.
const AGAIN: Duration = Duration::from_millis(20);

/// The elements of a Redis list, taken from its right end: producers `LPUSH`.
///
/// Each is moved (`LMOVE`) to a list of those in hand, one for each consumer, and goes from there when it has been
/// handled. What is found there at the start was in hand when a process of that name ended without a word, and is moved
/// back first: so give each process a name that it has again after a restart. At the stop what is not handled is moved
/// back, to be the next that somebody takes.
pub struct RedisList {
    reading: MultiplexedConnection,
    /// The move that waits at the server. Kept, where the future that asked for it is dropped, since it may take an
    /// element all the same.
    moving: Option<BoxFuture<'static, RedisResult<Option<Vec<u8>>>>>,
    answering: MultiplexedConnection,
    list: String,
    in_hand: String,
    /// The server's number of the connection that waits.
    waiting: i64,
    cancelled: bool,
}

impl RedisList {
    /// Takes from `list` as `consumer`; what is in hand is in the list `<list>:in-hand:<consumer>`.
    ///
    /// # Errors
    ///
    /// If the server cannot be reached, or a key is no list.
    pub async fn open(client: &Client, list: &str, consumer: &str) -> Result<RedisList, Error> {
        // The answer to a read that waits comes when it comes.
        let patient = redis::AsyncConnectionConfig::new().set_response_timeout(None);
        let mut reading = client.get_multiplexed_async_connection_with_config(&patient).await?;
        let answering = client.get_multiplexed_async_connection().await?;
        let in_hand = format!("{list}:in-hand:{consumer}");
        let waiting = redis::cmd("CLIENT").arg("ID").query_async(&mut reading).await?;
        let mut opened = RedisList {
            reading,
            moving: None,
            answering,
            list: list.to_owned(),
            in_hand,
            waiting,
            cancelled: false,
        };
        opened.move_back().await?;
        Ok(opened)
    }

    async fn moved(&mut self) -> RedisResult<Option<Vec<u8>>> {
        let moving = self.moving.get_or_insert_with(|| {
            let (mut reading, list, in_hand) =
                (self.reading.clone(), self.list.clone(), self.in_hand.clone());
            Box::pin(
                async move { reading.blmove(list, in_hand, Direction::Right, Direction::Left, BLOCK).await },
            )
        });
        let moved = if self.cancelled {
            loop {
                // The server may have been told to wait no longer before it was told to wait.
                match tokio::time::timeout(AGAIN, &mut *moving).await {
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

    /// What is in no hand any more, to be taken again in its old order.
    async fn move_back(&mut self) -> Result<(), Error> {
        let (from, to) = (&self.in_hand, &self.list);
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
            .field("in_hand", &self.in_hand)
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
                in_hand: self.in_hand.clone(),
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

/// Of a [`RedisList`].
#[derive(Debug)]
pub struct RedisListReceipt {
    connection: MultiplexedConnection,
    list: String,
    in_hand: String,
    element: Vec<u8>,
}

impl RedisListReceipt {
    /// Out of the hand and into the list, both or neither.
    async fn move_to(mut self, push: &str) -> Result<(), Error> {
        let script =
            "if redis.call('LREM', KEYS[1], 1, ARGV[1]) == 1 then redis.call(ARGV[2], KEYS[2], ARGV[1]) end";
        let mut moved = redis::cmd("EVAL");
        moved.arg(script).arg(2).arg(&self.in_hand).arg(&self.list).arg(&self.element).arg(push);
        moved.exec_async(&mut self.connection).await?;
        Ok(())
    }
}

impl Receipt for RedisListReceipt {
    async fn ack(mut self) -> Result<(), Error> {
        let _: u64 = self.connection.lrem(&self.in_hand, 1, &self.element).await?;
        Ok(())
    }

    /// To be the next that somebody takes.
    async fn hand_back(self) -> Result<(), Error> {
        self.move_to("RPUSH").await
    }

    /// To be the last that somebody takes: else it would be the only one.
    async fn put_off(self) -> Result<(), Error> {
        self.move_to("LPUSH").await
    }
}
