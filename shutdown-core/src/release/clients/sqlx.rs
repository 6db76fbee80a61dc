//! Handles of `sqlx`: `Pool`, `PoolConnection`, `Transaction`.
//!
//! | type | lost without release | a bare `#[teardown]` | who confirms |
//! |---|---|---|---|
//! | `Pool` | sessions and locks stay at the server until it notices | closes it after every connection has come back | the return of every connection; each statement had its own answer |
//! | `PoolConnection` | the pool waits for it | in a `Slot`: closes it | nobody: each statement had its own answer |
//! | `Transaction` | its writes, and the pool waits for it | none: commit it in the body of `teardown` | the server, which answers the commit |
//!
//! Run against PostgreSQL 15, MariaDB 10.11 and SQLite.
//!
//! Every statement has an answer, and its sender received the error if there was one. So the close of a pool loses
//! nothing if the server is gone, and succeeds.

use std::collections::BTreeSet;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::join;
use tokio::time::Instant;

use super::library::sqlx::pool::PoolConnection;
use super::library::sqlx::{
    self, ConnectOptions as _, Connection as _, Database, Executor, Pool, QueryBuilder, Transaction,
};
use crate::release::Release;
use crate::release::known::known;
use crate::release::owned::{ReleaseOwned, text_of};
use crate::resource::scope::TeardownScope;

known! {
    [DB: Database] Pool<DB>: "sqlx::Pool",
    lost: "the server is not told, so its sessions and their locks stay until it notices",
    does: "closes it after every connection has come back",
    form: "sqlx::Pool<_>";

    [DB: Database] PoolConnection<DB>: "sqlx::pool::PoolConnection",
    lost: "the end of its pool, which waits for this connection",
    does: "closes it",
    form: "lifecycle::Slot<PoolConnection<_>>";

    ['c, DB: Database] Transaction<'c, DB>: "sqlx::Transaction",
    lost: "its writes, and its pool waits for the connection",
    does: "commit it where it began, or put it into a `lifecycle::Slot` and `take` it in the body of `teardown`",
    form: "";
}

/// How long a pool may take to close before the server is asked what its connections run.
const QUICK_CLOSE: Duration = Duration::from_millis(100);
/// How often a pool is asked whether its connections are back, because it sends no event.
const POLL_INTERVAL: Duration = Duration::from_millis(2);

#[diagnostic::do_not_recommend]
impl<DB: Database, List: 'static> Release<List> for Pool<DB>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    const BLOCKING: bool = false;

    async fn release(&self) -> Result<(), String> {
        close(self).await
    }
}

impl<DB: Database, List: 'static> ReleaseOwned<List> for PoolConnection<DB> {
    const BLOCKING: bool = false;

    async fn release_owned(self) -> Result<(), String> {
        self.close().await.map_err(text_of)
    }
}

/// Closes the pool.
///
/// It waits for connections that are in use: half of its time, or an eighth if the drain has cut off their tasks. Then
/// it cancels their statements, if the server is PostgreSQL. A server notices only at the end of a statement that the
/// client has gone.
async fn close<DB: Database>(pool: &Pool<DB>) -> Result<(), String>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    let scope = TeardownScope::current();
    let Some(left) = scope.remaining() else {
        closed(pool).await;
        return Ok(());
    };
    // Before the close, because a closed pool still counts the idle connections that it has closed.
    let in_use = pool.size().saturating_sub(idle(pool));
    let all = async {
        if scope.work_was_cut {
            close_cut_off(pool, left).await;
        } else {
            close_orderly(pool, left).await;
        }
    };
    if scope.in_time(all).await.is_some() {
        return Ok(());
    }
    match pool.size().min(in_use) {
        0 if pool.size() == 0 => Ok(()),
        0 => Err("the connections could not be closed in time".to_owned()),
        1 => Err("a connection was never given back".to_owned()),
        count => Err(format!("{count} connections were never given back")),
    }
}

/// Gives the tasks that use a connection half of the time.
async fn close_orderly<DB: Database>(pool: &Pool<DB>, left: Duration)
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    // Never dropped before its end: that would cut off the connection that it is closing.
    let mut closing = pin!(closed(pool));
    let half = Instant::now() + left / 2;
    if tokio::time::timeout(QUICK_CLOSE.min(left / 8), &mut closing).await.is_ok() {
        return;
    }
    // A busy server may be slow to accept a connection. It has until the instant at which statements are cancelled.
    let Some(mut statements) = Statements::of(pool, half - Instant::now()).await else {
        return closing.await;
    };
    let closed = tokio::time::timeout_at(half, &mut closing).await;
    // Also if every connection came back: a closed pool drops the connection of a statement whose future was dropped,
    // and the statement goes on.
    statements.cancel().await;
    join(statements.close(), async {
        if closed.is_err() {
            closing.await;
        }
    })
    .await;
}

/// Closes a pool whose tasks have been cut off.
///
/// The connections come back while the pool is open. A closed pool would cut them off in the middle of a statement, and
/// the statement would go on at the server.
async fn close_cut_off<DB: Database>(pool: &Pool<DB>, left: Duration)
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    if all_come_back(pool, left / 8).await {
        return closed(pool).await;
    }
    let Some(mut statements) = Statements::of(pool, left / 2).await else { return closed(pool).await };
    statements.cancel().await;
    all_come_back(pool, left / 8).await;
    let mut closing = pin!(closed(pool));
    let closed = tokio::time::timeout(left / 8, &mut closing).await;
    // A task that is not tracked may have begun another statement meanwhile.
    statements.cancel().await;
    join(statements.close(), async {
        if closed.is_err() {
            closing.await;
        }
    })
    .await;
}

/// Returns whether every connection comes back within this time.
async fn all_come_back<DB: Database>(pool: &Pool<DB>, time: Duration) -> bool {
    let back = async {
        while idle(pool) < pool.size() {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    };
    tokio::time::timeout(time, back).await.is_ok()
}

fn idle<DB: Database>(pool: &Pool<DB>) -> u32 {
    u32::try_from(pool.num_idle()).unwrap_or(u32::MAX)
}

/// Waits until every connection is back and closed.
///
/// `Pool::close` alone does not promise that:
///
/// - In sqlx 0.8 it waits for the permits of all connections, but each idle connection that it closes adds a permit. So it
///   may return while as many others are in use. It also skips the connection that comes back last. The exit would close
///   these without a message to the server. A connection counts in `size` until that message is sent.
/// - In sqlx 0.9 it closes no idle connection before all others have come back, which may be never.
async fn closed<DB: Database>(pool: &Pool<DB>) {
    for _ in 0..idle(pool) {
        let Some(connection) = pool.try_acquire() else { break };
        let _ = connection.close().await;
    }
    loop {
        pool.close().await;
        if pool.size() == 0 {
            return;
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

/// A connection of its own, through which the statements of this process are cancelled at the server.
struct Statements<DB: Database>(DB::Connection);

impl<DB: Database> Statements<DB>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    /// Connects, and stores the server processes of our connections in a setting of the session.
    ///
    /// The server knows our connections by their local ports, for as long as they are open. The method returns `None` if
    /// the server is not PostgreSQL, if this process has no connection, or if the server does not answer in time.
    async fn of(pool: &Pool<DB>, time: Duration) -> Option<Statements<DB>> {
        let ports = if DB::NAME == "PostgreSQL" { local_ports() } else { BTreeSet::new() };
        if ports.is_empty() {
            return None;
        }
        tokio::time::timeout(time, Self::ask(pool, ports)).await.ok()?.ok()
    }

    async fn ask(pool: &Pool<DB>, ports: BTreeSet<u16>) -> Result<Statements<DB>, sqlx::Error> {
        let mut connection = pool.connect_options().connect().await?;
        // The ports of another machine are not ours, so the address has to be that of this connection.
        let mut ours = QueryBuilder::<DB>::new(
            "SELECT set_config('lifecycle.ours', coalesce(string_agg(pid::text, ','), ''), false) \
             FROM pg_stat_activity \
             WHERE client_addr = inet_client_addr() \
             AND usename = current_user AND datname = current_database() AND pid <> pg_backend_pid() \
             AND application_name = current_setting('application_name') \
             AND client_port IN (",
        );
        let mut list = ours.separated(", ");
        for port in ports {
            list.push(port);
        }
        list.push_unseparated(")");
        // The text of the query is a `&str` in sqlx 0.8 and a `SqlStr` in 0.9.
        connection.execute(ours.sql()).await?;
        Ok(Statements(connection))
    }

    /// Cancels what our connections run. An error does not matter if they come back all the same.
    async fn cancel(&mut self) {
        let cancel = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity \
             WHERE pid = ANY (string_to_array(current_setting('lifecycle.ours'), ',')::int[]) AND state = 'active'";
        let _ = self.0.execute(cancel).await;
    }

    async fn close(self) {
        let _ = self.0.close().await;
    }
}

/// Lists the local ports of this process's TCP connections. Without `/proc` there are none.
fn local_ports() -> BTreeSet<u16> {
    let Ok(descriptors) = std::fs::read_dir("/proc/self/fd") else { return BTreeSet::new() };
    let sockets: BTreeSet<String> = descriptors
        .filter_map(|descriptor| {
            let target = std::fs::read_link(descriptor.ok()?.path()).ok()?;
            Some(target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
        })
        .collect();
    ["/proc/self/net/tcp", "/proc/self/net/tcp6"]
        .iter()
        .filter_map(|table| std::fs::read_to_string(table).ok())
        .flat_map(|table| ports_of(&table, &sockets))
        .collect()
}

/// Lists the local ports of `sockets`. The columns are those of `proc(5)`: `sl local_address rem_address st .. .. ..
/// uid timeout inode`.
fn ports_of(table: &str, sockets: &BTreeSet<String>) -> Vec<u16> {
    let port = |line: &str| {
        let mut fields = line.split_whitespace();
        let local = fields.nth(1)?;
        let socket = fields.nth(7)?;
        let (_, port) = local.rsplit_once(':')?;
        sockets.contains(socket).then(|| u16::from_str_radix(port, 16).ok()).flatten()
    };
    table.lines().skip(1).filter_map(port).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_of_this_process_is_found_by_its_port() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let connection = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert!(local_ports().contains(&connection.local_addr().unwrap().port()));
    }

    #[test]
    fn another_process_s_socket_is_left_out() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
                       0: 0100007F:1538 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  1000        0 4711 1\n\
                       1: 0100007F:9C40 0100007F:1538 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1\n";
        assert_eq!(ports_of(table, &BTreeSet::from(["4712".to_owned()])), [40000]);
    }
}
