//! The way from a listener to the next one of the same socket, for a reload that replaces a server.

use std::io;
use std::sync::{Arc, Weak};

use super::socket_listener::{Held, Socket, SocketListener};

/// A weak handle of a [`SocketListener`], which returns the next listener of the same socket.
///
/// A reload starts the next server at the same address with it, before the old server ends. Both accept from one accept
/// queue, so no client waits, is refused or is reset. The handle does not keep the socket open.
///
/// The old server leaves the accept queue to the others. The last server of the socket empties the queue when it ends. A
/// listener that is dropped without a server, and that is the last one, resets the clients in the queue.
#[derive(Clone, Debug)]
pub struct WeakListener(Weak<Held>);

impl SocketListener {
    /// Returns a weak handle, with which a later server continues at the same socket.
    ///
    /// # Errors
    ///
    /// Returns an error if the process has no free descriptor.
    ///
    /// # Examples
    ///
    /// ```
    /// # use lifecycle::net;
    /// # async fn f() -> std::io::Result<()> {
    /// let listener = net::listen("127.0.0.1:8080").await?;
    /// let weak = listener.downgrade()?;
    /// // .. a server takes `listener`. At a reload the next server begins, and then the old one ends:
    /// let next = weak.upgrade()?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("try_clone", "dup", "reload"))]
    pub fn downgrade(&self) -> io::Result<WeakListener> {
        if self.held.spare.get().is_none() {
            // Another thread may have set it meanwhile, and its descriptor is as good.
            drop(self.held.spare.set(self.socket.duplicate()?));
        }
        Ok(WeakListener(Arc::downgrade(&self.held)))
    }
}

impl WeakListener {
    /// Returns another listener of the same socket. Serve it at once: it has a part of the clients from now on.
    ///
    /// # Errors
    ///
    /// Returns [`NotConnected`](io::ErrorKind::NotConnected) if the last listener of the socket has closed, and the error
    /// of the system if the process has no free descriptor.
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime.
    pub fn upgrade(&self) -> io::Result<SocketListener> {
        let closed =
            || io::Error::new(io::ErrorKind::NotConnected, "the last listener of this socket has closed");
        let held = self.0.upgrade().ok_or_else(closed)?;
        let spare = held.spare.get().ok_or_else(closed)?;
        let socket = Socket::of(spare.try_clone()?)?;
        Ok(SocketListener { held, socket })
    }
}
