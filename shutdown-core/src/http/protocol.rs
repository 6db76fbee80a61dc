//! hyper's connection: HTTP/1.1 alone, or with the feature `http2` also HTTP/2.

#[cfg(feature = "http2")]
mod auto;
#[cfg(not(feature = "http2"))]
mod http1;

use std::pin::Pin;

#[cfg(feature = "http2")]
pub(super) use auto::{Builder, Protocol, StreamExecutor};
#[cfg(not(feature = "http2"))]
pub(super) use http1::Protocol;

/// A connection of hyper, as the driver uses it.
pub(super) trait Graceful: Future {
    /// Finishes requests in progress, takes no further ones, and ends.
    fn close(self: Pin<&mut Self>);
}
