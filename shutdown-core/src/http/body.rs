//! An answer's body, in flight until its end.

use std::pin::Pin;
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::connection::InFlight;

pin_project! {
    /// `None` is the empty body of an answer of ours.
    pub(super) struct Answer<B> {
        #[pin]
        body: Option<B>,
        // Behind the body, so that it is dropped after it.
        in_flight: InFlight,
    }
}

impl<B> Answer<B> {
    pub(super) fn of(body: B, in_flight: InFlight) -> Answer<B> {
        Answer { body: Some(body), in_flight }
    }

    pub(super) fn empty(in_flight: InFlight) -> Answer<B> {
        Answer { body: None, in_flight }
    }
}

impl<B: Body> Body for Answer<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        match self.project().body.as_pin_mut() {
            Some(body) => body.poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}
