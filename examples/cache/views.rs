//! The views: those that Redis has, and those that it does not have yet.

use std::collections::HashMap;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lifecycle::{Managed, Teardown};
use redis::{AsyncCommands as _, RedisResult};

use crate::redis_server::Redis;

/// The hash in Redis, from pages to numbers.
const KEY: &str = "views";

#[lifecycle::resource]
pub(crate) struct Views {
    redis: Managed<Redis>,
    unwritten: Mutex<HashMap<String, u64>>,
}

impl Views {
    pub(crate) fn new(redis: Managed<Redis>) -> Views {
        Views { redis, unwritten: Mutex::default() }
    }

    pub(crate) fn count(&self, page: String) {
        *self.unwritten().entry(page).or_default() += 1;
    }

    /// Of all that were counted, here and elsewhere; those that are just being written may be missing.
    pub(crate) async fn of(&self, page: &str) -> RedisResult<u64> {
        let written: Option<u64> = self.redis.connection().hget(KEY, page).await?;
        Ok(written.unwrap_or(0) + self.unwritten().get(page).unwrap_or(&0))
    }

    /// Adds to Redis what it does not have yet: all of it, or nothing.
    pub(crate) async fn write(&self) -> RedisResult<()> {
        let views = mem::take(&mut *self.unwritten());
        if views.is_empty() {
            return Ok(());
        }
        let mut transaction = redis::pipe();
        transaction.atomic();
        for (page, number) in &views {
            transaction.hincr(KEY, page, number).ignore();
        }
        let written = transaction.exec_async(&mut self.redis.connection()).await;
        if written.is_err() {
            // For the next time. If it was only the answer that was lost, they count twice: rather too many than too
            // few.
            let mut unwritten = self.unwritten();
            for (page, number) in views {
                *unwritten.entry(page).or_default() += number;
            }
        }
        written
    }

    /// What is in it is whole whenever the lock is free.
    fn unwritten(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last write. Its error is in the report, and the exit status is not 0: somebody hears that views are missing.
#[lifecycle::teardown]
impl Teardown for Views {
    async fn teardown(&self) -> RedisResult<()> {
        self.write().await
    }
}
