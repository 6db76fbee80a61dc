//! The close of a pool of database connections: every connection comes back, or is counted; no statement is left behind
//! at the server.

use std::collections::BTreeSet;
use std::pin::pin;
use std::time::Duration;

use sqlx::{ConnectOptions as _, Connection as _, Database, Executor, Pool};
use tokio::time::Instant;

use crate::engine::context;

/// What is kept of a hook's time to say that the close did not succeed.
const LAST_WORD: Duration = Duration::from_millis(50);
/// A pool whose connections are all back has closed by then; else the server is asked what the others run.
const AT_ONCE: Duration = Duration::from_millis(100);
/// How often a pool is asked whether its connections are back, as it does not tell.
const LOOK: Duration = Duration::from_millis(2);

/// Closes the pool. A connection that is out is waited for, for half of the time, or hardly where what was in flight
/// has been cut off; then, in PostgreSQL, what it still runs is cancelled at the server, since a server does not notice
/// that its client has gone before it has the answer.
pub(super) async fn close<DB: Database>(pool: &Pool<DB>) -> Result<(), String>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    let (left, cut_off) = context::with(|lifecycle| {
        lifecycle
            .map_or((None, false), |lifecycle| (lifecycle.remaining(), lifecycle.in_flight().tasks.are_cut()))
    });
    // Out of a lifecycle nobody bounds it.
    let Some(left) = left else {
        closed(pool).await;
        return Ok(());
    };
    // Asked before: a closed pool goes on to count the idle connections that it has closed.
    let out = pool.size().saturating_sub(idle(pool));
    let all = async {
        if cut_off {
            close_cut_off(pool, left).await;
        } else {
            close_in_peace(pool, left).await;
        }
    };
    if tokio::time::timeout(left.saturating_sub(LAST_WORD), all).await.is_ok() {
        return Ok(());
    }
    match pool.size().min(out) {
        0 if pool.size() == 0 => Ok(()),
        0 => Err("the connections could not be closed in time".to_owned()),
        1 => Err("a connection was never given back".to_owned()),
        count => Err(format!("{count} connections were never given back")),
    }
}

/// Whoever has a connection gets half of the time.
async fn close_in_peace<DB: Database>(pool: &Pool<DB>, left: Duration)
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    // Never dropped half-way: that would cut off the connection that it is closing.
    let mut closing = pin!(closed(pool));
    let half = Instant::now() + left / 2;
    if tokio::time::timeout(AT_ONCE.min(left / 8), &mut closing).await.is_ok() {
        return;
    }
    // A busy server takes its time for a connection: as long as nothing is cancelled yet, it may.
    let Some(mut statements) = Statements::of(pool, half - Instant::now()).await else {
        return closing.await;
    };
    let closed = tokio::time::timeout_at(half, &mut closing).await;
    // Also where all came back: a closed pool hangs up on a statement whose future was dropped.
    statements.cancel().await;
    if closed.is_err() {
        closing.await;
    }
    statements.close().await;
}

/// The tasks that had connections are gone, or about to go. Their connections come back while the pool is open; from a
/// closed one they would be cut off in the middle, with their statements left behind.
async fn close_cut_off<DB: Database>(pool: &Pool<DB>, left: Duration)
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    if come_back(pool, left / 8).await {
        return closed(pool).await;
    }
    let Some(mut statements) = Statements::of(pool, left / 2).await else { return closed(pool).await };
    statements.cancel().await;
    come_back(pool, left / 8).await;
    let mut closing = pin!(closed(pool));
    let closed = tokio::time::timeout(left / 8, &mut closing).await;
    // Somebody that nobody tracks may have begun another meanwhile.
    statements.cancel().await;
    if closed.is_err() {
        closing.await;
    }
    statements.close().await;
}

/// Whether no connection is out, within this time.
async fn come_back<DB: Database>(pool: &Pool<DB>, time: Duration) -> bool {
    let back = async {
        while idle(pool) < pool.size() {
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(time, back).await.is_ok()
}

fn idle<DB: Database>(pool: &Pool<DB>) -> u32 {
    u32::try_from(pool.num_idle()).unwrap_or(u32::MAX)
}

/// Every connection is back, and closed.
///
/// `Pool::close` alone promises neither. It waits until it gets the permits of all connections, but each idle one that
/// it closes adds a permit of its own, so that it is over while as many others are out; and it does not look at what
/// came back last. The end of the process would close those, without a word to the server. A connection counts in
/// `size` until that word is sent.
async fn closed<DB: Database>(pool: &Pool<DB>) {
    loop {
        pool.close().await;
        if pool.size() == 0 {
            return;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What the server runs for this process, seen through a connection of its own.
struct Statements<DB: Database>(DB::Connection);

impl<DB: Database> Statements<DB>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    /// `None` if this is not PostgreSQL, nobody is connected to anything, or the server does not answer in time. It
    /// knows this process by the ports that its connections come from, for as long as they are open: it is told to keep
    /// in mind whose they are.
    async fn of(pool: &Pool<DB>, time: Duration) -> Option<Statements<DB>> {
        let ports = if DB::NAME == "PostgreSQL" { local_ports() } else { BTreeSet::new() };
        if ports.is_empty() {
            return None;
        }
        tokio::time::timeout(time, Self::ask(pool, ports)).await.ok()?.ok()
    }

    async fn ask(pool: &Pool<DB>, ports: BTreeSet<u16>) -> Result<Statements<DB>, sqlx::Error> {
        let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
        let mut connection = pool.connect_options().connect().await?;
        // Ports of this machine only: of the same address as this connection.
        let ours = format!(
            "SELECT set_config('lifecycle.ours', coalesce(string_agg(pid::text, ','), ''), false) \
             FROM pg_stat_activity \
             WHERE client_addr = inet_client_addr() AND client_port IN ({}) \
             AND usename = current_user AND datname = current_database() AND pid <> pg_backend_pid() \
             AND application_name = current_setting('application_name')",
            ports.join(", ")
        );
        connection.execute(ours.as_str()).await?;
        Ok(Statements(connection))
    }

    /// Where all come back it does not matter whether anything could be cancelled.
    async fn cancel(&mut self) {
        let cancel = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity \
             WHERE pid = ANY (string_to_array(current_setting('lifecycle.ours'), ',')::int[]) AND state = 'active'";
        let _ = self.0.execute(cancel).await;
    }

    async fn close(self) {
        let _ = self.0.close().await;
    }
}

/// The ports that this process's TCP connections come from. None where there is no `/proc`.
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

/// The local ports of these sockets, by `proc(5)`: `sl local_address rem_address st .. .. .. uid timeout inode`.
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
