//! A task of a connection, whose panic the lifecycle hears about.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::engine::lifecycle::Lifecycle;
use crate::sequence::Event;
use crate::sync::catch::catch;

pin_project! {
    /// A connection, or one stream of a connection. A panic is reported before the future is dropped, and so before its
    /// pass is returned. A pass that is a local of an `async` block would be returned by the panic itself.
    pub(super) struct Watched<F> {
        #[pin]
        future: Option<F>,
    }
}

impl<F> Watched<F> {
    pub(super) fn new(future: F) -> Watched<F> {
        Watched { future: Some(future) }
    }
}

impl<F: Future> Future for Watched<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut future = self.project().future;
        let polled = catch(|| {
            if let Some(future) = future.as_mut().as_pin_mut() {
                let _ = ready!(future.poll(cx));
            }
            // Dropped here, where its lifecycle is still the current one.
            future.set(None);
            Poll::Ready(())
        });
        polled.unwrap_or_else(|panic| {
            if let Some(lifecycle) = Lifecycle::current() {
                lifecycle.on(Event::TaskPanicked);
            }
            future.set(None);
            panic.resume()
        })
    }
}
