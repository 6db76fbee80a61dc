//! gRPC's health check, `grpc.health.v1` with its calls `Check` and `Watch`, without a gRPC library.
//!
//! The [protocol](https://github.com/grpc/grpc/blob/master/doc/health-checking.md) has one message in each direction, with
//! one field each: the name of a service, and its state. Their
//! [frames](https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md) are five bytes long: no compression, and the
//! length of the message.

mod message;
mod watch;

use std::pin::pin;

use futures_util::stream;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode, Version};
use http_body::{Body, Frame};
use http_body_util::BodyExt as _;
use hyper::body::{Buf as _, Bytes};

use super::probe_body::ProbeBody;
use crate::edge::Edge;
use message::{State, requested_service};

/// The path of the health check, up to the name of the call.
pub(super) const SERVICE: &str = "/grpc.health.v1.Health/";

const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// The longest request: the name of a service is a path of a few words.
const MAX_REQUEST_BYTES: usize = 4_096;

/// A status of gRPC other than `OK`, and its text. The text is ASCII without `%`, so that it needs no escapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Refusal(u8, &'static str);

impl Refusal {
    const NOT_FOUND: Refusal = Refusal(5, "unknown service");
    const UNIMPLEMENTED: Refusal = Refusal(12, "the health check has the calls Check and Watch");
    const COMPRESSED: Refusal = Refusal(12, "compressed requests are not supported");
    const MALFORMED: Refusal = Refusal(13, "the request is not a HealthCheckRequest");
    const STOPPING: Refusal = Refusal(14, "the service is stopping");
}

/// Answers one call. `services` are the names that have the health of the whole, in addition to the empty name.
pub(super) async fn answer<B: Body>(
    edge: Edge,
    services: &[String],
    request: Request<B>,
) -> Response<ProbeBody> {
    let is_grpc = request.headers().get(CONTENT_TYPE).is_some_and(|kind| {
        // `application/grpc-web` is another protocol.
        let rest = kind.as_bytes().strip_prefix(GRPC.as_bytes());
        rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
    });
    if request.version() != Version::HTTP_2 {
        return plain(StatusCode::HTTP_VERSION_NOT_SUPPORTED, "gRPC needs HTTP/2\n");
    }
    if request.method() != Method::POST {
        let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "POST only\n");
        response.headers_mut().insert(http::header::ALLOW, HeaderValue::from_static("POST"));
        return response;
    }
    if !is_grpc {
        return plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, "application/grpc only\n");
    }
    match call(edge, services, request).await {
        Ok(body) => grpc(body),
        Err(Refusal(status, text)) => {
            // The form of a response that has no message: the status is in the head.
            let mut response = grpc(ProbeBody::text(Bytes::new()));
            response.headers_mut().insert(GRPC_STATUS, HeaderValue::from(u16::from(status)));
            response.headers_mut().insert(GRPC_MESSAGE, HeaderValue::from_static(text));
            response
        }
    }
}

async fn call<B: Body>(edge: Edge, services: &[String], request: Request<B>) -> Result<ProbeBody, Refusal> {
    let watches = match request.uri().path().strip_prefix(SERVICE) {
        Some("Check") => false,
        Some("Watch") => true,
        _ => return Err(Refusal::UNIMPLEMENTED),
    };
    let service = requested_service(&read(request.into_body()).await?)?;
    let is_known = service.is_empty() || services.contains(&service);
    if watches {
        return watch::begin(edge, is_known);
    }
    if !is_known {
        return Err(Refusal::NOT_FOUND);
    }
    let state = State::of(&edge.health(false).await);
    Ok(ProbeBody::frames(stream::iter([state.frame(), end()])))
}

/// Reads the whole body.
async fn read<B: Body>(body: B) -> Result<Vec<u8>, Refusal> {
    let (mut body, mut read) = (pin!(body), Vec::new());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::MALFORMED)?;
        let Ok(mut data) = frame.into_data() else { continue };
        if read.len() + data.remaining() > MAX_REQUEST_BYTES {
            return Err(Refusal::MALFORMED);
        }
        while data.has_remaining() {
            let chunk = data.chunk();
            read.extend_from_slice(chunk);
            let length = chunk.len();
            data.advance(length);
        }
    }
    Ok(read)
}

/// Returns the end of a call that has succeeded.
fn end() -> Frame<Bytes> {
    let mut trailers = HeaderMap::new();
    trailers.insert(GRPC_STATUS, HeaderValue::from_static("0"));
    Frame::trailers(trailers)
}

fn grpc(body: ProbeBody) -> Response<ProbeBody> {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, GRPC);
    response
}

fn plain(status: StatusCode, text: &'static str) -> Response<ProbeBody> {
    let mut response = Response::new(ProbeBody::text(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}
