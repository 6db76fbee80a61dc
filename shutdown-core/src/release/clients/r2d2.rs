//! Pools of `r2d2`: `Pool`, `PooledConnection`. Needs the feature `r2d2`.
//!
//! | type | lost without release | a bare `#[teardown]` | who confirms |
//! |---|---|---|---|
//! | `Pool` | what its connections in use are doing: an open transaction is rolled back | waits until every connection has come back; in a `Slot` it also drops the pool | the return of every connection; each statement had its own answer |
//! | `PooledConnection` | the end of its pool, which waits for this connection | in a `Slot`: gives it back | nobody: nothing is outstanding |
//!
//! Run against PostgreSQL 15, through `r2d2_postgres` 0.18. The pool of `diesel` 2.3, `diesel::r2d2::Pool`, is this type.
//! Needs Rust 1.95.
//!
//! `scheduled-thread-pool` 0.2.8, a dependency of `r2d2`, needs that version. 0.2.7 does not:
//! `cargo update scheduled-thread-pool --precise 0.2.7`.
//!
//! `r2d2` cannot close a pool. Its idle connections close together with the last clone of the pool, and that blocks the
//! thread. With the crate `postgres` it even panics on an async thread, and the process aborts. An idle connection has no
//! open statement, so nothing is lost if it ends with the process. The two forms of the field:
//!
//! - `Pool<_>`: during a stop, its idle connections stay open until the process exits.
//! - `Slot<Pool<_>>`: the pool is dropped on a thread of its own, so that each idle connection sends its last message. That
//!   has an effect only if no other clone exists. It is the right form for a pool that ends before the process.
//!
//! A pool without a close still hands out connections after its teardown. The resources that use the pool depend on it, so
//! they have ended before.
//!
//! The teardown waits until its time is over. Then it fails, and its error has the number of connections that are missing.
//!
//! Every statement has an answer, or its sender received the error. So the teardown of an idle pool succeeds if the server
//! is gone.

use std::future::Future;
use std::mem::forget;

use r2d2::{ManageConnection, Pool, PooledConnection};

use super::pool::all_back;
use crate::release::Release;
use crate::release::apart::apart;
use crate::release::known::known;
use crate::release::owned::{ReleaseOwned, dropped};
use crate::resource::scope::TeardownScope;

known! {
    [M: ManageConnection] Pool<M>: "r2d2::Pool",
    lost: "what its connections in use are doing, such as an open transaction",
    does: "waits until every connection has come back",
    form: "r2d2::Pool<_>";

    [M: ManageConnection] PooledConnection<M>: "r2d2::PooledConnection",
    lost: "the end of its pool, which waits for this connection",
    does: "gives it back",
    form: "lifecycle::Slot<PooledConnection<_>>";
}

#[diagnostic::do_not_recommend]
impl<M: ManageConnection, List: 'static> Release<List> for Pool<M> {
    const BLOCKING: bool = false;

    async fn release(&self) -> Result<(), String> {
        let back = all_back(|| in_use(self)).await;
        if TeardownScope::current().deadline.is_some() {
            // The process is about to exit. If an async thread dropped the last clone, it would block, or panic.
            forget(self.clone());
        }
        back
    }
}

impl<M: ManageConnection, List: 'static> ReleaseOwned<List> for Pool<M> {
    const BLOCKING: bool = false;

    async fn release_owned(self) -> Result<(), String> {
        let back = all_back(|| in_use(&self)).await;
        // In any case apart, because the drop of an idle connection may block.
        let dropped = apart(move |_| drop(self)).await;
        back?;
        dropped.ok_or_else(|| "the idle connections could not be closed in time".to_owned())
    }
}

// A connection that is given back may be broken. Then the pool closes it, which blocks.
dropped! {
    true:
    [M: ManageConnection] PooledConnection<M>;
}

fn in_use<M: ManageConnection>(pool: &Pool<M>) -> usize {
    let state = pool.state();
    state.connections.saturating_sub(state.idle_connections) as usize
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::mpsc::{Sender, channel};
    use std::thread;
    use std::time::{Duration, Instant};

    use super::*;

    /// A connection that blocks while it is dropped, and sends the name of the thread that dropped it.
    struct Blocking(Sender<String>, Duration);

    impl Drop for Blocking {
        fn drop(&mut self) {
            thread::sleep(self.1);
            let _ = self.0.send(thread::current().name().unwrap_or_default().to_owned());
        }
    }

    struct Manager(Sender<String>, Duration);

    impl ManageConnection for Manager {
        type Connection = Blocking;
        type Error = io::Error;

        fn connect(&self) -> Result<Blocking, io::Error> {
            Ok(Blocking(self.0.clone(), self.1))
        }

        fn is_valid(&self, _: &mut Blocking) -> Result<(), io::Error> {
            Ok(())
        }

        fn has_broken(&self, _: &mut Blocking) -> bool {
            false
        }
    }

    async fn within<T>(time: Duration, release: impl Future<Output = T>) -> T {
        let deadline = Some(tokio::time::Instant::now() + time);
        TeardownScope { deadline, ..TeardownScope::default() }.around(release).await
    }

    #[tokio::test]
    async fn the_teardown_waits_for_a_connection_in_use() {
        let (sender, _) = channel();
        let pool = Pool::builder().max_size(2).build(Manager(sender, Duration::ZERO)).unwrap();
        let connection = pool.get().unwrap();
        let released = within(Duration::from_secs(60), Release::<()>::release(&pool));
        let mut released = Box::pin(released);
        assert!(futures_util::poll!(&mut released).is_pending());
        drop(connection);
        assert_eq!(released.await, Ok(()));
    }

    #[tokio::test]
    async fn connections_that_never_come_back_are_counted_in_time() {
        let (sender, _) = channel();
        let pool = Pool::builder().max_size(2).build(Manager(sender, Duration::ZERO)).unwrap();
        let _kept = (pool.get().unwrap(), pool.get().unwrap());
        let result = within(Duration::from_millis(400), Release::<()>::release(&pool)).await;
        assert_eq!(result, Err("2 connections were never given back".to_owned()));
    }

    #[tokio::test]
    async fn a_pool_in_a_slot_drops_its_idle_connections_off_the_async_threads() {
        let (sender, dropped) = channel();
        let pool = Pool::builder().max_size(2).build(Manager(sender, Duration::ZERO)).unwrap();
        let released = within(Duration::from_secs(60), ReleaseOwned::<()>::release_owned(pool)).await;
        assert_eq!(released, Ok(()));
        // A worker of the pool may still hold it, and then that worker drops it.
        for _ in 0..2 {
            let name = dropped.recv_timeout(Duration::from_secs(60)).expect("the connection is dropped");
            assert!(name == "lc-release" || name.starts_with("r2d2-worker"), "on the thread `{name}`");
        }
    }

    #[tokio::test]
    async fn a_pool_is_not_dropped_on_an_async_thread_during_a_stop() {
        let (sender, dropped) = channel();
        let pool = Pool::builder().max_size(1).build(Manager(sender, Duration::ZERO)).unwrap();
        assert_eq!(within(Duration::from_secs(60), Release::<()>::release(&pool)).await, Ok(()));
        drop(pool);
        assert_eq!(dropped.try_iter().count(), 0);
    }

    #[tokio::test]
    async fn a_pool_that_ends_before_the_process_closes_its_connections() {
        let (sender, dropped) = channel();
        let pool = Pool::builder().max_size(1).build(Manager(sender, Duration::ZERO)).unwrap();
        assert_eq!(Release::<()>::release(&pool).await, Ok(()));
        drop(pool);
        assert!(dropped.recv_timeout(Duration::from_secs(60)).is_ok());
    }

    #[tokio::test]
    async fn a_connection_that_hangs_while_it_closes_is_told_in_time() {
        let (sender, _) = channel();
        let pool = Pool::builder().max_size(1).build(Manager(sender, Duration::from_secs(60))).unwrap();
        let begun = Instant::now();
        let result = within(Duration::from_millis(400), ReleaseOwned::<()>::release_owned(pool)).await;
        assert_eq!(result, Err("the idle connections could not be closed in time".to_owned()));
        assert!(begun.elapsed() < Duration::from_secs(30), "it waited for the drop");
    }
}
