//! A task that belongs to a connection, and may panic.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::engine::lifecycle::Lifecycle;
use crate::sequence::Event;
use crate::sync::catch::catch;

pin_project! {
    /// A connection, or a stream of one, whose panic the lifecycle hears of before its pass goes back. So the pass is not
    /// a local of an `async` block, which a panic takes along.
    pub(crate) struct Watched<F> {
        #[pin]
        conversation: Option<F>,
    }
}

impl<F> Watched<F> {
    pub(crate) fn new(conversation: F) -> Watched<F> {
        Watched { conversation: Some(conversation) }
    }
}

impl<F: Future> Future for Watched<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut conversation = self.project().conversation;
        let polled = catch(|| {
            if let Some(conversation) = conversation.as_mut().as_pin_mut() {
                let _ = ready!(conversation.poll(cx));
            }
            // Here, where its lifecycle is still the current one.
            conversation.set(None);
            Poll::Ready(())
        });
        polled.unwrap_or_else(|panic| {
            if let Some(lifecycle) = Lifecycle::current() {
                lifecycle.on(Event::TaskPanicked);
            }
            conversation.set(None);
            panic.resume()
        })
    }
}
