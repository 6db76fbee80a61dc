//! Without a service manager that stores listeners.

use std::net::SocketAddr;
#[cfg(unix)]
use std::path::Path;

use socket2::Socket;

use crate::net::kernel::AsSocket;

/// A listener in the store. Without a store no value of this type exists.
#[derive(Debug)]
pub(crate) enum Stored {}

impl Stored {
    pub(crate) fn is_inherited(&self) -> bool {
        match *self {}
    }

    pub(crate) fn is_in_the_store(&self) -> bool {
        match *self {}
    }

    pub(crate) fn hand_on(self) {
        match self {}
    }

    pub(crate) fn remove(self) {
        match self {}
    }
}

pub(crate) fn take_tcp(_: &[SocketAddr]) -> Option<(Socket, Stored)> {
    None
}

pub(crate) fn store_tcp(_: &impl AsSocket, _: SocketAddr) -> Option<Stored> {
    None
}

#[cfg(unix)]
pub(crate) fn take_unix(_: &Path) -> Option<(Socket, Stored)> {
    None
}

#[cfg(unix)]
pub(crate) fn store_unix(_: &impl AsSocket, _: &Path) -> Option<Stored> {
    None
}

pub(crate) fn remove_in_the_way(_: SocketAddr) -> bool {
    false
}
