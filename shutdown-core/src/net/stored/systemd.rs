//! Listeners in the file descriptor store of systemd.
//!
//! The name of a listener in the store is its address. The name of a Unix socket has the identity of its file too, because
//! a listener whose file was removed or replaced is out of reach.

use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use socket2::{SockRef, Socket};

use crate::net::kernel;
use crate::observe::systemd::store;

/// A listener that is in the store. If it is dropped, it stays there if the process fails or stops within a second.
#[derive(Debug)]
pub(crate) struct Stored {
    is_inherited: bool,
    /// There until the end of this value.
    held: Option<Held>,
}

#[derive(Debug)]
struct Held {
    name: String,
    /// For a drop, after which the same address can be listened at again.
    listener: Socket,
    file: Option<PathBuf>,
}

impl Stored {
    /// Whether an earlier process has bound it.
    pub(crate) fn is_inherited(&self) -> bool {
        self.is_inherited
    }

    /// Whether the service manager has it, and passes it to the next process.
    pub(crate) fn is_in_the_store(&self) -> bool {
        let has = |held: &Held| store::current().is_some_and(|store| store.has(&held.name));
        self.held.as_ref().is_some_and(has)
    }

    /// Leaves the listener to the next process.
    pub(crate) fn hand_on(mut self) {
        self.held = None;
    }

    /// Takes the listener out of the store, and removes the file of a Unix socket.
    pub(crate) fn remove(mut self) {
        self.take_out();
    }

    fn take_out(&mut self) {
        if let Some(held) = self.held.take()
            && let Some(store) = store::current()
        {
            if let Some(file) = held.file {
                remove_file(&file, &held.name);
            }
            store.remove(&held.name);
        }
    }
}

impl Drop for Stored {
    fn drop(&mut self) {
        let may_have = |held: &Held| store::current().is_some_and(|store| store.may_have(&held.name));
        if !self.held.as_ref().is_some_and(may_have) {
            self.take_out();
        } else if let Some(Held { name, listener, file }) = self.held.take()
            && let Some(store) = store::current()
        {
            let owned = name.clone();
            let on_removal = file.map(|file| Box::new(move || remove_file(&file, &owned)) as Box<_>);
            store.put_back(&name, listener, on_removal);
        }
    }
}

/// Takes a listener at one of these addresses from the store.
pub(crate) fn take_tcp(addresses: &[SocketAddr]) -> Option<(Socket, Stored)> {
    let fixed = addresses.iter().filter(|address| address.port() != 0);
    fixed.filter_map(|address| name_of_tcp(*address)).find_map(|name| take(name, None))
}

/// Takes the listener at this path from the store.
pub(crate) fn take_unix(path: &Path) -> Option<(Socket, Stored)> {
    store::current()?;
    let path = std::path::absolute(path).ok()?;
    take(name_of_unix(&path)?.ok()?, Some(path))
}

fn take(name: String, file: Option<PathBuf>) -> Option<(Socket, Stored)> {
    let listener = store::current()?.take(&name)?;
    // The last process may have been killed while it closed the listener.
    let _ = kernel::admit_new(&listener);
    let kept = listener.try_clone().ok()?;
    Some((listener, Stored { is_inherited: true, held: Some(Held { name, listener: kept, file }) }))
}

/// Stores a listener that this process has bound to `address`. A port that the kernel chose is not stored, because the
/// program does not ask for it again.
pub(crate) fn store_tcp(listener: &impl AsFd, address: SocketAddr) -> Option<Stored> {
    store::current()?;
    let name = name_of_tcp(address).filter(|_| address.port() != 0)?;
    store(listener, name, None)
}

/// Stores a listener that this process has bound to `path`.
pub(crate) fn store_unix(listener: &impl AsFd, path: &Path) -> Option<Stored> {
    let store_of_systemd = store::current()?;
    let path = std::path::absolute(path).ok()?;
    match name_of_unix(&path)? {
        Ok(name) => store(listener, name, Some(path)),
        Err(name) => {
            store_of_systemd.warn_of_name(&name);
            None
        }
    }
}

fn store(listener: &impl AsFd, name: String, file: Option<PathBuf>) -> Option<Stored> {
    let listener = SockRef::from(listener).try_clone().ok()?;
    let is_stored = store::current()?.store(&name, &listener);
    is_stored.then(|| Stored { is_inherited: false, held: Some(Held { name, listener, file }) })
}

/// Removes from the store what keeps this process from listening at `address`: a listener that nobody has taken. Returns
/// whether the address may be free in a moment.
pub(crate) fn remove_in_the_way(address: SocketAddr) -> bool {
    let is_in_the_way = |listener: &Socket| {
        let bound = listener.local_addr().ok().and_then(|bound| bound.as_socket());
        bound.is_some_and(|bound| overlap(bound, address))
    };
    store::current().is_some_and(|store| store.remove_unheld(is_in_the_way))
}

/// Whether the kernel may refuse the second of two listeners.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let (ip, other_ip) = (one.ip().to_canonical(), other.ip().to_canonical());
    one.port() == other.port() && (ip == other_ip || ip.is_unspecified() || other_ip.is_unspecified())
}

fn name_of_tcp(address: SocketAddr) -> Option<String> {
    store::name_of(address.to_string().as_bytes()).ok()
}

/// Returns the name of the file at `path`, or the name as an error if it is too long. `None` without a file.
fn name_of_unix(path: &Path) -> Option<Result<String, String>> {
    let file = std::fs::symlink_metadata(path).ok()?;
    let identity = format!("-{}-{}", file.dev(), file.ino());
    Some(store::name_of(&[path.as_os_str().as_bytes(), identity.as_bytes()].concat()))
}

/// Removes the file of the listener with this name, unless another process has put a file in its place.
fn remove_file(path: &Path, name: &str) {
    if name_of_unix(path).is_some_and(|named| named.as_deref() == Ok(name)) {
        // If this fails, the next process replaces the file.
        let _ = std::fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r37_an_address_is_in_the_way_of_those_that_the_kernel_takes_for_the_same() {
        let overlapping = |one: &str, other: &str| overlap(one.parse().unwrap(), other.parse().unwrap());
        for (one, other) in [
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("0.0.0.0:80", "127.0.0.1:80"),
            ("127.0.0.1:80", "[::]:80"),
            ("[::ffff:127.0.0.1]:80", "127.0.0.1:80"),
        ] {
            assert!(overlapping(one, other) && overlapping(other, one), "{one} {other}");
        }
        for (one, other) in [("127.0.0.1:80", "127.0.0.1:81"), ("127.0.0.1:80", "127.0.0.2:80")] {
            assert!(!overlapping(one, other), "{one} {other}");
        }
    }
}
