//! The body of a probe's response: a text, or the messages of gRPC's health check.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Bytes;

/// Frames that are not known when the response begins.
type Frames = Pin<Box<dyn Stream<Item = Frame<Bytes>> + Send + Sync>>;

/// The body of a response of [`Probes`](super::Probes).
pub struct ProbeBody(Content);

enum Content {
    /// The text of a probe. `None` after its only frame.
    Text(Option<Bytes>),
    Frames(Frames),
}

impl ProbeBody {
    pub(super) fn text(text: impl Into<Bytes>) -> ProbeBody {
        ProbeBody(Content::Text(Some(text.into()).filter(|text| !text.is_empty())))
    }

    pub(super) fn frames(frames: impl Stream<Item = Frame<Bytes>> + Send + Sync + 'static) -> ProbeBody {
        ProbeBody(Content::Frames(Box::pin(frames)))
    }
}

impl Body for ProbeBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut self.0 {
            Content::Text(text) => Poll::Ready(text.take().map(|text| Ok(Frame::data(text)))),
            Content::Frames(frames) => frames.as_mut().poll_next(cx).map(|frame| frame.map(Ok)),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, Content::Text(None))
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Content::Text(text) => SizeHint::with_exact(text.as_ref().map_or(0, |text| text.len() as u64)),
            Content::Frames(_) => SizeHint::default(),
        }
    }
}

impl fmt::Debug for ProbeBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProbeBody").finish_non_exhaustive()
    }
}
