//! The body of a response, which is in flight until its end.

use std::pin::Pin;
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::connection::OpenRequest;

pin_project! {
    /// The body of a response of the service, or the empty body of a refusal.
    pub(super) struct ResponseBody<B> {
        #[pin]
        body: Option<B>,
        // The last field, so that the request ends after its body is dropped.
        request: OpenRequest,
    }
}

impl<B> ResponseBody<B> {
    pub(super) fn of(body: B, request: OpenRequest) -> ResponseBody<B> {
        ResponseBody { body: Some(body), request }
    }

    pub(super) fn empty(request: OpenRequest) -> ResponseBody<B> {
        ResponseBody { body: None, request }
    }
}

impl<B: Body> Body for ResponseBody<B> {
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
