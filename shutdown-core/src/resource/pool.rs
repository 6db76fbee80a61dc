//! The close of a pool of database connections: every connection comes back, or is counted; no statement is left behind
//! at the server.

use std::collections::BTreeSet;
use std::time::Duration;

use sqlx::{ConnectOptions as _, Database, Executor, Pool};

use crate::context;

/// What is kept of a hook's time to say that the close did not succeed.
const LAST_WORD: Duration = Duration::from_millis(50);
/// Where what was in flight has been cut off, its statements are not waited for any longer than this.
const AFTER_CUT: Duration = Duration::from_millis(100);

/// Closes the pool. A connection that is out is waited for, for half of the time; then, in PostgreSQL, what it still
/// runs is cancelled at the server, since a server does not notice that its client has gone before it has the answer.
pub(super) async fn close<DB: Database>(pool: &Pool<DB>) -> Result<(), String>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    let (left, cut_off) = context::with(|lifecycle| {
        lifecycle.map_or((None, false), |lifecycle| (lifecycle.remaining(), lifecycle.cut_off().is_fired()))
    });
    // Out of a lifecycle nobody bounds it.
    let Some(left) = left else {
        pool.close().await;
        return Ok(());
    };
    let patience = if cut_off { AFTER_CUT.min(left / 2) } else { left / 2 };
    if tokio::time::timeout(patience, pool.close()).await.is_ok() {
        return Ok(());
    }
    let rest = async {
        let cancelled = if DB::NAME == "PostgreSQL" { cancel_statements(pool).await } else { Ok(()) };
        pool.close().await;
        cancelled
    };
    // Where all have come back it does not matter whether anything could be cancelled.
    if tokio::time::timeout(left.saturating_sub(patience + LAST_WORD), rest).await.is_ok() {
        return Ok(());
    }
    let idle = u32::try_from(pool.num_idle()).unwrap_or(u32::MAX);
    Err(match pool.size().saturating_sub(idle) {
        1 => "a connection was never given back".to_owned(),
        count => format!("{count} connections were never given back"),
    })
}

/// Cancels what this process's connections run. The server knows them by the port they came from.
async fn cancel_statements<DB: Database>(pool: &Pool<DB>) -> Result<(), sqlx::Error>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    let ports = local_ports();
    if ports.is_empty() {
        return Ok(());
    }
    let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
    let mut connection = pool.connect_options().connect().await?;
    // Ports of this machine only: of the same address as this connection.
    let cancel = format!(
        "SELECT pg_cancel_backend(pid) FROM pg_stat_activity \
         WHERE client_addr = inet_client_addr() AND client_port IN ({}) \
         AND usename = current_user AND datname = current_database() AND pid <> pg_backend_pid() \
         AND application_name = current_setting('application_name') AND state = 'active'",
        ports.join(", ")
    );
    connection.execute(cancel.as_str()).await?;
    Ok(())
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
