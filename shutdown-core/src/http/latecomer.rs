//! What is told to a request that comes when the doors are closed.

use http::header::{CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Response, StatusCode, Version};

/// What becomes of a request that comes on a live connection when the drain has begun: behind another that is still
/// being answered, or on an HTTP/2 connection whose client goes on in spite of the GOAWAY.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Latecomers {
    /// It is told to try again: 503 with `Retry-After: 1`, and `Connection: close` on HTTP/1; for gRPC the status
    /// `UNAVAILABLE`, which clients take for a reason to try again.
    #[default]
    Refuse,
    /// It is served, as long as the drain lasts.
    Serve,
}

const UNAVAILABLE: HeaderValue = HeaderValue::from_static("14");

/// The head of the answer; there is nothing behind it.
pub(super) fn refusal(version: Version, headers: &HeaderMap) -> Response<()> {
    let mut response = Response::new(());
    let grpc = |kind: &HeaderValue| kind.as_bytes().starts_with(b"application/grpc");
    if let Some(kind) = headers.get(CONTENT_TYPE).filter(|kind| grpc(kind)) {
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, kind.clone());
        headers.insert("grpc-status", UNAVAILABLE);
        headers.insert("grpc-message", HeaderValue::from_static("the service is stopping"));
    } else {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    if version != Version::HTTP_2 {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http1_hears_when_to_come_again_and_that_the_connection_closes() {
        let response = refusal(Version::HTTP_11, &HeaderMap::new());
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()[RETRY_AFTER], "1");
        assert_eq!(response.headers()[CONNECTION], "close");
    }

    #[test]
    fn http2_has_no_connection_header() {
        let response = refusal(Version::HTTP_2, &HeaderMap::new());
        assert_eq!(response.status(), 503);
        assert!(!response.headers().contains_key(CONNECTION));
    }

    #[test]
    fn grpc_hears_unavailable() {
        let headers = [(CONTENT_TYPE, HeaderValue::from_static("application/grpc+proto"))];
        let response = refusal(Version::HTTP_2, &headers.into_iter().collect());
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["grpc-status"], "14");
        assert_eq!(response.headers()[CONTENT_TYPE], "application/grpc+proto");
    }
}
