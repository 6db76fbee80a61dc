//! What a connection goes through before HTTP.

use std::io;
use std::pin::pin;
use std::sync::Arc;

use futures_util::future::{Either, select};
use tokio::io::{AsyncRead, AsyncWrite};

use super::connection::Connection;

/// What a connection goes through before HTTP: see [`Server::handshake`](super::Server::handshake).
///
/// Implemented for closures that return a future. This trait is sealed: it can be named in bounds, and not implemented.
pub trait Handshake<I>: Shake<I> {}

impl<I, H: Shake<I>> Handshake<I> for H {}

/// Seals [`Handshake`].
pub trait Shake<I>: Send + Sync + 'static {
    /// The type of the connection that results.
    type Io: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Whether the result is the connection itself, so that dropping it says all there is to say.
    const IS_PLAIN: bool;

    /// Goes through the handshake.
    fn shake(&self, io: I) -> impl Future<Output = io::Result<Self::Io>> + Send;
}

/// The connection as it is.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct NoHandshake;

impl<I: AsyncRead + AsyncWrite + Unpin + Send + 'static> Shake<I> for NoHandshake {
    type Io = I;

    const IS_PLAIN: bool = true;

    async fn shake(&self, io: I) -> io::Result<I> {
        Ok(io)
    }
}

impl<I, H, F, T> Shake<I> for H
where
    I: Send,
    H: Fn(I) -> F + Send + Sync + 'static,
    F: Future<Output = io::Result<T>> + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Io = T;

    const IS_PLAIN: bool = false;

    fn shake(&self, io: I) -> impl Future<Output = io::Result<T>> + Send {
        self(io)
    }
}

/// Goes through the handshake, and makes the service of the connection. `None` if one of them failed, or if the drain has
/// waited for them as long as for half a request head.
pub(super) async fn enter<I, H: Shake<I>, S>(
    connection: Arc<Connection>,
    handshake: Arc<H>,
    io: I,
    make: impl Future<Output = Option<S>>,
) -> Option<(H::Io, S)> {
    connection.enter();
    let site = &connection.site;
    let time_is_up = async {
        site.notices.draining.wait().await;
        tokio::time::sleep(site.settings.partial_head_timeout).await;
    };
    let entered = async {
        let io = handshake.shake(io).await.ok()?;
        Some((io, make.await?))
    };
    match select(pin!(entered), pin!(time_is_up)).await {
        Either::Left((entered, _)) => entered,
        Either::Right(_) => None,
    }
}
