//! The page views: those in Redis, and those that are not written yet.

use std::collections::HashMap;
use std::mem;
use std::sync::{Mutex, MutexGuard};

use lifecycle::{Managed, Start, Teardown};
use redis::{AsyncCommands as _, RedisResult};

use crate::redis_server::Redis;

/// The Redis hash with the number of views of each page.
const KEY: &str = "views";

#[lifecycle::resource]
pub(crate) struct Views {
    redis: Managed<Redis>,
    unwritten: Mutex<HashMap<String, u64>>,
}

#[lifecycle::start]
impl Start for Views {
    async fn start(redis: Managed<Redis>) -> Views {
        Views { redis, unwritten: Mutex::default() }
    }
}

impl Views {
    pub(crate) fn count(&self, page: String) {
        *self.unwritten().entry(page).or_default() += 1;
    }

    /// Returns the views of a page. The result may miss views that are being written at this moment.
    pub(crate) async fn of(&self, page: &str) -> RedisResult<u64> {
        let written: Option<u64> = self.redis.connection().hget(KEY, page).await?;
        Ok(written.unwrap_or(0) + self.unwritten().get(page).unwrap_or(&0))
    }

    /// Adds the unwritten views to Redis in one transaction.
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
            // The next write tries again. If Redis has the views and only its answer was lost, they count twice.
            // A view too many is better than a lost view.
            let mut unwritten = self.unwritten();
            for (page, number) in views {
                *unwritten.entry(page).or_default() += number;
            }
        }
        written
    }

    fn unwritten(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        self.unwritten.lock().expect("no thread panics while it holds the lock")
    }
}

#[lifecycle::teardown]
impl Teardown for Views {
    /// Writes the last views. If this fails, the report has the error and the exit status is 70.
    async fn teardown(&self) -> RedisResult<()> {
        self.write().await
    }
}
