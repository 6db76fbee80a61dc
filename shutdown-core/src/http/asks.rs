//! What a request asks for, by its path.

use http::StatusCode;

use super::grpc_health;
use crate::edge::Edge;

/// The path of the readiness check.
pub(super) const READINESS: &str = "/readyz";
/// Whether the probes answer this path.
pub(super) fn is_probe(path: &str) -> bool {
    matches!(path, "/livez" | "/startupz" | READINESS) || path.starts_with(grpc_health::SERVICE)
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    /// Something of the service itself.
    Service,
    /// A probe whose answer does not tell the readiness.
    Probe,
    Readiness,
    /// The readiness, as gRPC asks for it. The answer is in the body.
    GrpcHealth,
}

impl Asks {
    pub(super) fn of(path: &str) -> Asks {
        match path {
            READINESS => Asks::Readiness,
            path if path.starts_with(grpc_health::SERVICE) => Asks::GrpcHealth,
            path if is_probe(path) => Asks::Probe,
            _ => Asks::Service,
        }
    }

    /// Whether a response during the stop tells a load balancer that the service is not ready.
    pub(super) fn is_unready(self, status: StatusCode, edge: &Edge) -> bool {
        match self {
            Asks::Service | Asks::Probe => false,
            Asks::Readiness => !status.is_success(),
            Asks::GrpcHealth => edge.readiness().sends_away(),
        }
    }
}
