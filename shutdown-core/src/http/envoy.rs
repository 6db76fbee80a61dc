//! The header by which Envoy learns at once that the service is not ready.

use http::Response;
use http::header::{HeaderName, HeaderValue};

/// Envoy reads this header of every response of an upstream host. A host that sends it has failed its active health check,
/// until a later check succeeds.
const IMMEDIATE_HEALTH_CHECK_FAIL: HeaderName =
    HeaderName::from_static("x-envoy-immediate-health-check-fail");

/// Adds the header. It replaces one that a handler has set.
pub(super) fn tell_envoy<B>(response: &mut Response<B>) {
    response.headers_mut().insert(IMMEDIATE_HEALTH_CHECK_FAIL, HeaderValue::from_static("true"));
}
