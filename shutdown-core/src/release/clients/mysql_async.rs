//! Handles of `mysql_async`: `Pool`, `Conn`, `Transaction`. Needs the feature `mysql_async`.
//!
//! | type | lost without release | a bare `#[teardown]` | who confirms |
//! |---|---|---|---|
//! | `Pool` | what its connections in use are doing: an open transaction is rolled back | disconnects it, which waits until every connection has come back | the return of every connection; each statement had its own answer |
//! | `Conn` | the end of its pool, which waits for this connection | in a `Slot`: disconnects it | nobody: the server does not answer the last message |
//! | `Transaction` | its writes, and the pool waits for it | none: commit it in the body of `teardown` | |
//!
//! Run against MariaDB 10.11.
//!
//! `Pool::disconnect` lets no connection out, and sends the last message of every connection. Without that message the
//! server counts an aborted client. The teardown waits until its time is over. Then it fails, and its error has the number
//! of connections that are missing.
//!
//! A connection that comes back in the middle of a result or of a transaction is cleaned first, which needs the server.
//! A statement whose future was dropped goes on at the server until it ends there, because the pool does not cancel it.
//!
//! Every statement has an answer, or its sender received the error. So the disconnect of an idle pool loses nothing if the
//! server is gone, and succeeds.

use mysql_async::{Conn, Pool, Transaction};

use super::pool::never_given_back;
use crate::release::Release;
use crate::release::known::known;
use crate::release::owned::{ReleaseOwned, text_of};
use crate::resource::scope::TeardownScope;
use crate::sync::read;

known! {
    [] Pool: "mysql_async::Pool",
    lost: "what its connections in use are doing, and the server counts an aborted client for each connection",
    does: "disconnects it after every connection has come back",
    form: "mysql_async::Pool";

    [] Conn: "mysql_async::Conn",
    lost: "the end of its pool, which waits for this connection, and the server counts an aborted client",
    does: "disconnects it",
    form: "lifecycle::Slot<Conn>";

    ['a] Transaction<'a>: "mysql_async::Transaction",
    lost: "its writes, and its pool waits for the connection",
    does: "commit it where it began, or put it into a `lifecycle::Slot` and `take` it in the body of `teardown`",
    form: "";
}

#[diagnostic::do_not_recommend]
impl<List: 'static> Release<List> for Pool {
    const BLOCKING: bool = false;

    async fn release(&self) -> Result<(), String> {
        disconnect(self).await
    }
}

impl<List: 'static> ReleaseOwned<List> for Conn {
    const BLOCKING: bool = false;

    async fn release_owned(self) -> Result<(), String> {
        self.disconnect().await.map_err(text_of)
    }
}

async fn disconnect(pool: &Pool) -> Result<(), String> {
    if let Some(disconnected) = TeardownScope::current().in_time(pool.clone().disconnect()).await {
        return disconnected.map_err(text_of);
    }
    let metrics = pool.metrics();
    never_given_back(read(&metrics.connections_in_use))?;
    match read(&metrics.connection_count) {
        0 => Ok(()),
        _ => Err("the connections could not be closed in time".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::net::TcpListener;
    use tokio::time::Instant;

    use super::*;
    use crate::resource::scope::TeardownScope;

    async fn released(pool: &Pool, time: Duration) -> Result<(), String> {
        let deadline = Some(Instant::now() + time);
        let scope = TeardownScope { deadline, ..TeardownScope::default() };
        scope.around(Release::<()>::release(pool)).await
    }

    #[tokio::test]
    async fn a_pool_without_connections_disconnects_at_once_and_twice() {
        let pool = Pool::new("mysql://root@127.0.0.1:1/none");
        assert_eq!(released(&pool, Duration::from_secs(60)).await, Ok(()));
        assert_eq!(released(&pool, Duration::from_secs(60)).await, Ok(()));
        assert!(pool.get_conn().await.is_err());
    }

    #[tokio::test]
    async fn a_server_that_accepts_and_never_answers_is_told_in_time() {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let pool = Pool::new(format!("mysql://root@{}/none", silent.local_addr().unwrap()).as_str());
        let connecting = tokio::spawn(pool.get_conn());
        let _accepted = silent.accept().await.unwrap();
        let result = released(&pool, Duration::from_millis(200)).await;
        assert_eq!(result, Err("the connections could not be closed in time".to_owned()));
        connecting.abort();
        let _ = connecting.await;
        assert_eq!(released(&pool, Duration::from_secs(60)).await, Ok(()));
    }
}
