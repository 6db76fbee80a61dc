//! What is answered to a request that arrives after the drain has begun.

use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Response, StatusCode, Version};

use super::last_response::make_last;

/// What happens to a request that arrives after the drain has begun, on a connection that is still in use.
///
/// There are two cases: an HTTP/1.1 request that was pipelined after one that is in progress, and a new stream of an
/// HTTP/2 client that goes on after the GOAWAY.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LateRequests {
    /// Answers 503 with `Retry-After: 1`, and with `Connection: close` on HTTP/1. A gRPC request gets the status
    /// `UNAVAILABLE`, after which clients retry.
    #[default]
    Refuse,
    /// Serves the request as long as the drain lasts.
    Serve,
}

/// The status `UNAVAILABLE` of gRPC.
const GRPC_UNAVAILABLE: HeaderValue = HeaderValue::from_static("14");

/// Makes the head of a refusal. It has no body.
pub(super) fn refusal(version: Version, headers: &HeaderMap) -> Response<()> {
    let mut response = Response::new(());
    let is_grpc = |kind: &HeaderValue| kind.as_bytes().starts_with(b"application/grpc");
    if let Some(kind) = headers.get(CONTENT_TYPE).filter(|kind| is_grpc(kind)) {
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, kind.clone());
        headers.insert("grpc-status", GRPC_UNAVAILABLE);
        headers.insert("grpc-message", HeaderValue::from_static("the service is stopping"));
    } else {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    if version != Version::HTTP_2 {
        make_last(&mut response, version);
    }
    response
}

#[cfg(test)]
mod tests {
    use http::header::CONNECTION;

    use super::*;

    #[test]
    fn an_http1_client_learns_when_to_retry_and_that_the_connection_closes() {
        let response = refusal(Version::HTTP_11, &HeaderMap::new());
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()[RETRY_AFTER], "1");
        assert_eq!(response.headers()[CONNECTION], "close");
    }

    #[test]
    fn an_http2_response_has_no_connection_header() {
        let response = refusal(Version::HTTP_2, &HeaderMap::new());
        assert_eq!(response.status(), 503);
        assert!(!response.headers().contains_key(CONNECTION));
    }

    #[test]
    fn a_grpc_client_gets_unavailable() {
        let headers = [(CONTENT_TYPE, HeaderValue::from_static("application/grpc+proto"))];
        let response = refusal(Version::HTTP_2, &headers.into_iter().collect());
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["grpc-status"], "14");
        assert_eq!(response.headers()[CONTENT_TYPE], "application/grpc+proto");
    }
}
