//! What a connection goes through before HTTP.

use std::io;
use std::pin::pin;
use std::sync::Arc;

use futures_util::future::{Either, select};
use tokio::io::{AsyncRead, AsyncWrite};

use super::site::Site;

/// What a connection goes through before HTTP: see [`Server::handshake`](super::Server::handshake).
pub trait Handshake<I>: Send + Sync + 'static {
    /// What comes of it.
    type Io: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Goes through it.
    fn shake(&self, io: I) -> impl Future<Output = io::Result<Self::Io>> + Send;
}

/// The connection as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHandshake;

impl<I: AsyncRead + AsyncWrite + Unpin + Send + 'static> Handshake<I> for NoHandshake {
    type Io = I;

    async fn shake(&self, io: I) -> io::Result<I> {
        Ok(io)
    }
}

impl<I, H, F, T> Handshake<I> for H
where
    I: Send,
    H: Fn(I) -> F + Send + Sync + 'static,
    F: Future<Output = io::Result<T>> + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Io = T;

    fn shake(&self, io: I) -> impl Future<Output = io::Result<T>> + Send {
        self(io)
    }
}

/// `None` if it failed, or the drain would not wait for it any longer.
pub(super) async fn shake_hands<I, H: Handshake<I>>(
    site: Arc<Site>,
    handshake: Arc<H>,
    io: I,
) -> Option<H::Io> {
    let half = async {
        site.lifecycle().notices().draining.wait().await;
        tokio::time::sleep(site.settings().half_head).await;
    };
    match select(pin!(handshake.shake(io)), pin!(half)).await {
        Either::Left((shaken, _)) => shaken.ok(),
        Either::Right(_) => None,
    }
}
