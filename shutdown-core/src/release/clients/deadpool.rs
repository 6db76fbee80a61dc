//! Pools of `deadpool`: `managed::Pool`, `managed::Object`. Needs the feature `deadpool`.
//!
//! | type | lost without release | a bare `#[teardown]` | who confirms |
//! |---|---|---|---|
//! | `managed::Pool` | what its connections in use are doing: an open transaction is rolled back | closes it, then waits until every connection has come back | the return of every connection; each statement had its own answer |
//! | `managed::Object` | the end of its pool, which waits for this connection | in a `Slot`: gives it back | nobody: nothing is outstanding |
//!
//! Run against PostgreSQL 15, through `deadpool-postgres` 0.14 and the pool of `diesel-async` 0.9.
//!
//! These crates, and `deadpool-redis` 0.23, use `deadpool` 0.13. Their pools have this type, so the feature knows them.
//!
//! `Pool::close` returns at once, and the connections in use go on. The teardown waits for them until its time is over.
//! Then it fails, and its error has the number of connections that are missing. A connection that was taken out of the
//! pool by `Object::take` does not count.
//!
//! A statement whose future was dropped goes on at the server until it ends there, because the pool does not cancel it.
//! Configure `statement_timeout` at the server for a statement that must not go on.
//!
//! Every statement has an answer, or its sender received the error. So the close of an idle pool loses nothing if the
//! server is gone, and succeeds.

use std::future::Future;

use deadpool::managed::{Manager, Object, Pool};

use super::pool::all_back;
use crate::release::Release;
use crate::release::known::known;
use crate::release::owned::dropped;

known! {
    [M: Manager, W: From<Object<M>>] Pool<M, W>: "deadpool::managed::Pool",
    lost: "what its connections in use are doing, such as an open transaction",
    does: "closes it and waits until every connection has come back",
    form: "deadpool::managed::Pool<_>";

    [M: Manager] Object<M>: "deadpool::managed::Object",
    lost: "the end of its pool, which waits for this connection",
    does: "gives it back",
    form: "lifecycle::Slot<Object<_>>";
}

#[diagnostic::do_not_recommend]
impl<M: Manager + 'static, W: From<Object<M>> + 'static, List: 'static> Release<List> for Pool<M, W> {
    const BLOCKING: bool = false;

    async fn release(&self) -> Result<(), String> {
        self.close();
        all_back(|| in_use(self)).await
    }
}

dropped! {
    false:
    [M: Manager + 'static] Object<M>;
}

/// Counts the objects that are in use, and the calls that are still making one.
///
/// `size` counts objects in use and idle ones, and the pool's count of users decides between `available` and `waiting`.
fn in_use<M: Manager, W: From<Object<M>>>(pool: &Pool<M, W>) -> usize {
    let status = pool.status();
    (status.size + status.waiting).saturating_sub(status.available)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::time::Duration;

    use deadpool::managed::{Metrics, RecycleResult};
    use tokio::time::{Instant, timeout};

    use super::*;
    use crate::resource::scope::TeardownScope;

    struct Numbers;

    impl Manager for Numbers {
        type Type = u8;
        type Error = Infallible;

        async fn create(&self) -> Result<u8, Infallible> {
            tokio::time::sleep(Duration::from_millis(1)).await;
            Ok(7)
        }

        async fn recycle(&self, _: &mut u8, _: &Metrics) -> RecycleResult<Infallible> {
            Ok(())
        }
    }

    fn pool() -> Pool<Numbers> {
        Pool::builder(Numbers).max_size(4).build().unwrap()
    }

    async fn released(pool: &Pool<Numbers>) -> Result<(), String> {
        let deadline = Some(Instant::now() + Duration::from_secs(2));
        let scope = TeardownScope { deadline, ..TeardownScope::default() };
        scope.around(Release::<()>::release(pool)).await
    }

    #[tokio::test(start_paused = true)]
    async fn idle_objects_are_no_reason_to_wait() {
        let pool = pool();
        drop((pool.get().await, pool.get().await));
        let begun = Instant::now();
        assert_eq!(released(&pool).await, Ok(()));
        assert_eq!(begun.elapsed(), Duration::ZERO);
        assert!(pool.is_closed());
        assert_eq!(pool.status().size, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn the_close_waits_for_an_object_in_use() {
        let pool = pool();
        drop(pool.get().await.unwrap());
        let object = pool.get().await.unwrap();
        let mut release = Box::pin(released(&pool));
        assert!(timeout(Duration::from_secs(1), &mut release).await.is_err(), "it did not wait");
        drop(object);
        assert_eq!(release.await, Ok(()));
    }

    /// The caller gets its object after the close, so the object counts before it exists.
    #[tokio::test(start_paused = true)]
    async fn an_object_that_is_being_made_is_in_use() {
        let pool = pool();
        let mut get = Box::pin(pool.get());
        assert!(futures_util::poll!(&mut get).is_pending());
        let mut release = Box::pin(released(&pool));
        assert!(futures_util::poll!(&mut release).is_pending(), "it did not wait for the call");
        let object = get.await.unwrap();
        assert!(timeout(Duration::from_secs(1), &mut release).await.is_err(), "it did not wait");
        drop(object);
        assert_eq!(release.await, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn objects_that_never_come_back_are_counted_in_time() {
        let pool = pool();
        let one = pool.get().await.unwrap();
        let begun = Instant::now();
        assert_eq!(released(&pool).await, Err("a connection was never given back".to_owned()));
        let two = pool.get().await;
        assert!(two.is_err(), "the pool is still open");
        assert!(begun.elapsed() < Duration::from_secs(2), "no time is left to report: {:?}", begun.elapsed());
        drop(one);
        assert_eq!(released(&pool).await, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_taken_object_is_not_waited_for() {
        let pool = pool();
        let own = Object::take(pool.get().await.unwrap());
        assert_eq!(released(&pool).await, Ok(()));
        assert_eq!(own, 7);
    }
}
