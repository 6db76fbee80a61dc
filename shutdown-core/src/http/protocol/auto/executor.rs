//! How hyper starts tasks.

use futures_util::FutureExt as _;
use hyper::rt::Executor;

use crate::edge::Edge;

/// The executor that hyper has from `Server`. It runs each HTTP/2 stream in the lifecycle of its connection.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct StreamExecutor;

impl<F> Executor<F> for StreamExecutor
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, future: F) {
        // hyper starts a stream in the task of its connection, so that is whose lifecycle is the current one.
        match Edge::current() {
            Some(edge) => edge.spawn(future),
            None => tokio::spawn(future.map(drop)),
        };
    }
}
