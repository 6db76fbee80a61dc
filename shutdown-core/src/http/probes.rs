//! Health checks: is the service alive, has it started, should it get requests.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Bytes;
use tower_service::Service;

use crate::edge::Edge;

/// Returns a tower service that answers the health checks of an orchestrator for the current lifecycle.
///
/// | path | 200 | 503 |
/// |---|---|---|
/// | `/livez` | always, because a service that is stopping is still healthy | never |
/// | `/startupz` | after [`ready`](crate::ready) | before |
/// | `/readyz` | after [`ready`](crate::ready) | before, and after the stop has begun |
///
/// Any other path is 404, and any other method than GET and HEAD is 405. There are three places for it:
///
/// - on the port of the service, with [`or`](Probes::or);
/// - in a router: `Router::route_service("/readyz", probes())`;
/// - on a port of its own, with [`serve_probes`]. Only there `/startupz` is of use, because a service that answers on its
///   own port has started.
///
/// # Panics
///
/// Outside of a lifecycle.
///
/// # Examples
///
/// ```
/// use axum::{Router, routing::get};
///
/// #[lifecycle::main(lame_duck = "5s")]
/// async fn main() -> std::io::Result<()> {
///     let routes: Router = Router::new().route("/", get(async || "hello\n"));
///     let listener = lifecycle::net::listen("127.0.0.1:0").await?;
/// #   lifecycle::shutdown("an example ends");
///     lifecycle::http::serve(listener, lifecycle::http::probes().or(routes)).await
/// }
/// ```
#[doc(alias = "health check")]
#[doc(alias = "readiness")]
#[doc(alias = "liveness")]
#[track_caller]
pub fn probes() -> Probes {
    Probes { edge: Edge::expect("http::probes") }
}

/// A tower service that answers health checks: see [`probes`].
#[derive(Clone, Debug)]
pub struct Probes {
    pub(super) edge: Edge,
}

/// The path of the readiness check.
const READINESS: &str = "/readyz";
/// The path of gRPC's health check.
const GRPC_HEALTH: &str = "/grpc.health.v1.Health/";

/// Whether the probes answer this path.
pub(super) fn is_probe(path: &str) -> bool {
    matches!(path, "/livez" | "/startupz" | READINESS)
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
            path if is_probe(path) => Asks::Probe,
            path if path.starts_with(GRPC_HEALTH) => Asks::GrpcHealth,
            _ => Asks::Service,
        }
    }

    /// Whether a response during the stop tells a load balancer that the service is not ready.
    pub(super) fn is_unready(self, status: StatusCode) -> bool {
        match self {
            Asks::Service | Asks::Probe => false,
            Asks::Readiness => status == StatusCode::SERVICE_UNAVAILABLE,
            Asks::GrpcHealth => true,
        }
    }
}

impl Probes {
    pub(super) fn answer(&self, method: &Method, path: &str) -> Response<Full<Bytes>> {
        let (starting, stopping) = (!self.edge.lifecycle().is_ready(), self.edge.lifecycle().is_stopping());
        let (status, text) = match path {
            _ if method != Method::GET && method != Method::HEAD => {
                (StatusCode::METHOD_NOT_ALLOWED, "GET only\n")
            }
            "/livez" => (StatusCode::OK, "alive\n"),
            "/startupz" | READINESS if starting => (StatusCode::SERVICE_UNAVAILABLE, "starting\n"),
            READINESS if stopping => (StatusCode::SERVICE_UNAVAILABLE, "stopping\n"),
            "/startupz" => (StatusCode::OK, "started\n"),
            READINESS => (StatusCode::OK, "ready\n"),
            _ => (StatusCode::NOT_FOUND, "no such probe\n"),
        };
        let mut response = Response::new(Full::from(text));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

impl<B> Service<Request<B>> for Probes {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Full<Bytes>>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        ready(Ok(self.answer(request.method(), request.uri().path())))
    }
}
