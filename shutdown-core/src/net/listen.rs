//! How a listener is bound, or taken over from the process that started this one.

use std::io;
use std::net::SocketAddr;
#[cfg(unix)]
use std::path::Path;
use std::time::Duration;

use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;
use tokio::time::Instant;

#[cfg(unix)]
use super::inherited;
#[cfg(unix)]
use super::socket_file;
use super::socket_listener::SocketListener;
use super::stored;

/// Listens at `address`: `127.0.0.1:8080`, `[::]:8080`, `localhost:0`, or `unix:/run/service.sock`.
///
/// **Inherited listeners.** A listener that the process inherited (systemd socket activation: `LISTEN_FDS`,
/// `LISTEN_PID`, `LISTEN_FDNAMES`) is used if it is bound to this address, or if it is the only one. Each is returned
/// once. Its accept queue belongs to the manager: the drain leaves the queue to the next process, so a restart refuses
/// no connection.
///
/// **Bound listeners** have `SO_REUSEADDR`, an accept queue of 4,096 connections, and `TCP_NODELAY` for each
/// connection.
///
/// **Unix sockets.** A socket that a killed process left over is replaced: its file is a socket, and no process listens at
/// it. Any other file is kept, and the call fails: a regular file, a symbolic link, a directory, a pipe, a device, or the
/// socket of a process that listens. The file of the new socket is removed when the listener closes, unless another process
/// has put a file in its place.
///
/// **Stored listeners.** With the feature `systemd`, a service whose unit file has `FileDescriptorStoreMax` stores each bound
/// listener with systemd, and takes it over after a restart or a crash, which therefore refuses no client. The page
/// [`platforms`](crate::platforms#the-listeners-of-a-service) has the details.
///
/// Two processes that start at the same instant can both find the same socket left over. One of them then replaces the new
/// socket of the other, if that one binds it in the microseconds between a last look at the file and its removal.
///
/// # Errors
///
/// If the address cannot be bound, if a file that is not a left-over socket is at the path, or if several listeners were inherited and none of them is bound to it. The message
/// names the address. For several inherited listeners there is [`listen_as`].
///
/// # Cancel safety
///
/// Cancel safe. Only the name lookup is awaited.
///
/// # Examples
///
/// ```
/// # #[lifecycle::main]
/// # async fn main() -> std::io::Result<()> {
/// let listener = lifecycle::net::listen("127.0.0.1:0").await?;
/// println!("listening at http://{listener}");
/// # Ok(())
/// # }
/// ```
#[doc(alias = "bind")]
#[doc(alias = "socket activation")]
#[doc(alias = "FDSTORE")]
pub async fn listen(address: &str) -> io::Result<SocketListener> {
    #[cfg(unix)]
    if let Some(socket) = inherited::take_bound_to(address)? {
        return SocketListener::inherit(socket).map_err(|error| naming(address, &error));
    }
    bind(address).await.map_err(|error| naming(address, &error))
}

/// Takes the inherited listener with this name (systemd: `FileDescriptorName=`), at any address. If there is none,
/// listens at `address`, as [`listen`] does without inherited listeners.
///
/// # Errors
///
/// As [`listen`].
///
/// # Cancel safety
///
/// As [`listen`].
pub async fn listen_as(name: &str, address: &str) -> io::Result<SocketListener> {
    #[cfg(unix)]
    if let Some(socket) = inherited::take_named(name)? {
        return SocketListener::inherit(socket).map_err(|error| naming(address, &error));
    }
    #[cfg(not(unix))]
    let _ = name;
    bind(address).await.map_err(|error| naming(address, &error))
}

fn naming(address: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot listen at `{address}`: {error}"))
}

/// How many connections the accept queue holds at most. The kernel may have a lower limit.
const QUEUE_LENGTH: i32 = 4096;

/// How long the service manager may take to close a listener that is removed from its store.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);
const CLOSE_LOOK_INTERVAL: Duration = Duration::from_millis(5);

async fn bind(address: &str) -> io::Result<SocketListener> {
    if let Some(path) = address.strip_prefix("unix:") {
        return bind_unix(path);
    }
    let mut error = io::Error::new(io::ErrorKind::InvalidInput, "no such host");
    let addresses: Vec<SocketAddr> = tokio::net::lookup_host(address).await?.collect();
    if let Some((socket, stored)) = stored::take_tcp(&addresses) {
        return SocketListener::stored(socket, stored);
    }
    for address in addresses {
        match bind_free_tcp(address).await {
            Ok(listener) => return Ok(SocketListener::tcp(listener, address)),
            Err(failed) => error = failed,
        }
    }
    Err(error)
}

/// Binds an address. A listener of the last process that is in the way is removed from the store of the service manager,
/// which closes it a moment later.
async fn bind_free_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let is_in_use = |bound: &io::Result<TcpListener>| {
        bound.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse)
    };
    let mut bound = bind_tcp(address);
    if is_in_use(&bound) && stored::remove_in_the_way(address) {
        let until = Instant::now() + CLOSE_LIMIT;
        while is_in_use(&bound) && Instant::now() < until {
            tokio::time::sleep(CLOSE_LOOK_INTERVAL).await;
            bound = bind_tcp(address);
        }
    }
    bound
}

fn bind_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let domain = socket2::Domain::for_address(address);
    let socket = socket2::Socket::new(domain, socket2::Type::STREAM, Some(socket2::Protocol::TCP))?;
    // On Windows the option would let another process take the port away, and a port is free again at once without it.
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    // A connection inherits it from its listener, which saves one system call for each.
    socket.set_tcp_nodelay(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(QUEUE_LENGTH)?;
    TcpListener::from_std(socket.into())
}

#[cfg(unix)]
fn bind_unix(path: &str) -> io::Result<SocketListener> {
    if path.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "expected a path after `unix:`"));
    }
    let path = Path::new(path);
    if let Some((socket, stored)) = stored::take_unix(path) {
        return SocketListener::stored(socket, stored);
    }
    let listener = UnixListener::bind(path).or_else(|error| {
        if error.kind() != io::ErrorKind::AddrInUse {
            return Err(error);
        }
        socket_file::remove_left_over(path)?;
        UnixListener::bind(path)
    })?;
    SocketListener::unix(listener, path)
}

#[cfg(not(unix))]
fn bind_unix(_: &str) -> io::Result<SocketListener> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "only a Unix has Unix sockets: use `host:port`"))
}
