//! Pools of `bb8`: `Pool`, `PooledConnection`. Needs the feature `bb8`.
//!
//! | type | lost without release | a bare `#[teardown]` | who confirms |
//! |---|---|---|---|
//! | `Pool` | what its connections in use are doing: an open transaction is rolled back | waits until every connection has come back; in a `Slot` it also drops the pool | the return of every connection; each statement had its own answer |
//! | `PooledConnection` | the end of its pool, which waits for this connection | in a `Slot`: gives it back | nobody: nothing is outstanding |
//!
//! Run against PostgreSQL 15, through `bb8-postgres` 0.9. The `bb8` pool of `diesel-async` 0.9 is this type.
//!
//! `bb8` 0.9 cannot close a pool. Its idle connections are dropped together with the last clone of the pool, or end with
//! the process. An idle connection has no open statement, so nothing is lost. A `Slot<Pool<_>>` drops the pool in its
//! teardown, so that a connection can still send its last message. That has an effect only if no other clone exists.
//!
//! A pool without a close still hands out connections after its teardown. The resources that use the pool depend on it, so
//! they have ended before.
//!
//! The teardown waits until its time is over. Then it fails, and its error has the number of connections that are missing.
//! A statement whose future was dropped goes on at the server until it ends there, because the pool does not cancel it.
//!
//! Every statement has an answer, or its sender received the error. So the teardown of an idle pool succeeds if the server
//! is gone.

use std::future::Future;

use bb8::{ManageConnection, Pool, PooledConnection};

use super::pool::all_back;
use crate::release::Release;
use crate::release::known::known;
use crate::release::owned::{ReleaseOwned, dropped};

known! {
    [M: ManageConnection] Pool<M>: "bb8::Pool",
    lost: "what its connections in use are doing, such as an open transaction",
    does: "waits until every connection has come back",
    form: "bb8::Pool<_>";

    ['a, M: ManageConnection] PooledConnection<'a, M>: "bb8::PooledConnection",
    lost: "the end of its pool, which waits for this connection",
    does: "gives it back",
    form: "lifecycle::Slot<PooledConnection<'static, _>>";
}

#[diagnostic::do_not_recommend]
impl<M: ManageConnection, List: 'static> Release<List> for Pool<M> {
    const BLOCKING: bool = false;

    async fn release(&self) -> Result<(), String> {
        all_back(|| in_use(self)).await
    }
}

impl<M: ManageConnection, List: 'static> ReleaseOwned<List> for Pool<M> {
    const BLOCKING: bool = false;

    async fn release_owned(self) -> Result<(), String> {
        all_back(|| in_use(&self)).await
    }
}

dropped! {
    false:
    [M: ManageConnection] PooledConnection<'static, M>;
}

fn in_use<M: ManageConnection>(pool: &Pool<M>) -> usize {
    let state = pool.state();
    state.connections.saturating_sub(state.idle_connections) as usize
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::time::{Instant, timeout};

    use super::*;
    use crate::resource::scope::TeardownScope;

    /// A manager whose connections share a value, which shows when they have been dropped.
    #[derive(Default)]
    struct Shared(Arc<()>);

    impl ManageConnection for Shared {
        type Connection = Arc<()>;
        type Error = Infallible;

        async fn connect(&self) -> Result<Arc<()>, Infallible> {
            Ok(Arc::clone(&self.0))
        }

        async fn is_valid(&self, _: &mut Arc<()>) -> Result<(), Infallible> {
            Ok(())
        }

        fn has_broken(&self, _: &mut Arc<()>) -> bool {
            false
        }
    }

    async fn in_a_stop<T>(release: impl Future<Output = T>) -> T {
        let deadline = Some(Instant::now() + Duration::from_secs(2));
        TeardownScope { deadline, ..TeardownScope::default() }.around(release).await
    }

    #[tokio::test(start_paused = true)]
    async fn the_teardown_waits_for_a_connection_in_use() {
        let pool = Pool::builder().min_idle(2).build(Shared::default()).await.unwrap();
        let connection = pool.get_owned().await.unwrap();
        let mut release = Box::pin(in_a_stop(Release::<()>::release(&pool)));
        assert!(timeout(Duration::from_secs(1), &mut release).await.is_err(), "it did not wait");
        drop(connection);
        assert_eq!(release.await, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn connections_that_never_come_back_are_counted_in_time() {
        let pool = Pool::builder().build(Shared::default()).await.unwrap();
        let _kept = (pool.get().await.unwrap(), pool.get().await.unwrap());
        let begun = Instant::now();
        let result = in_a_stop(Release::<()>::release(&pool)).await;
        assert_eq!(result, Err("2 connections were never given back".to_owned()));
        assert!(begun.elapsed() < Duration::from_secs(2), "no time is left to report: {:?}", begun.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_pool_in_a_slot_drops_its_idle_connections() {
        let alive = Arc::new(());
        let pool = Pool::builder().min_idle(2).build(Shared(Arc::clone(&alive))).await.unwrap();
        assert_eq!(Arc::strong_count(&alive), 4);
        assert_eq!(in_a_stop(ReleaseOwned::<()>::release_owned(pool)).await, Ok(()));
        assert_eq!(Arc::strong_count(&alive), 1);
    }
}
