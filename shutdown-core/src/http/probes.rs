//! What an orchestrator asks: does it live, has it started, shall it get requests.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{Either, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::engine::context;
use crate::engine::lifecycle::Lifecycle;
use crate::net::Listener;

/// Answers health checks of the current lifecycle.
///
/// | path | 200 | 503 |
/// |---|---|---|
/// | `/livez` | always: a service that stops is well | |
/// | `/startupz` | from [`ready`](crate::ready) on | during start-up |
/// | `/readyz` | from [`ready`](crate::ready) on | during start-up, and from the first instant of the stop |
///
/// Whoever serves has started, so on the service's own port `/startupz` is 200, or nobody answers; it is of use with
/// [`serve_probes`]. Anything else is a 404. A tower service, to be put where they are asked: beside the service with
/// [`or`](Probes::or), in a router (`Router::route_service("/readyz", probes())`), or on a port of its own with
/// [`serve_probes`].
///
/// # Panics
///
/// Outside of a lifecycle.
#[track_caller]
pub fn probes() -> Probes {
    context::expect("http::probes", |lifecycle| Probes { lifecycle: lifecycle.clone() })
}

/// See [`probes`].
#[derive(Clone, Debug)]
pub struct Probes {
    lifecycle: Lifecycle,
}

/// Where the readiness is asked.
const READINESS: &str = "/readyz";
/// Where gRPC asks for it.
const GRPC_HEALTH: &str = "/grpc.health.v1.Health/";

/// Whether this path is one of ours.
fn is_ours(path: &str) -> bool {
    matches!(path, "/livez" | "/startupz" | READINESS)
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    /// Something of the service itself.
    Service,
    /// A probe, whose answer says nothing of the readiness.
    Probe,
    Readiness,
    /// The readiness, as gRPC asks: the answer is in the body.
    GrpcHealth,
}

impl Asks {
    pub(super) fn of(path: &str) -> Asks {
        match path {
            READINESS => Asks::Readiness,
            path if is_ours(path) => Asks::Probe,
            path if path.starts_with(GRPC_HEALTH) => Asks::GrpcHealth,
            _ => Asks::Service,
        }
    }

    /// Whether an answer during the stop tells of it.
    pub(super) fn is_told_by(self, status: StatusCode) -> bool {
        match self {
            Asks::Service | Asks::Probe => false,
            Asks::Readiness => status == StatusCode::SERVICE_UNAVAILABLE,
            Asks::GrpcHealth => true,
        }
    }
}

impl Probes {
    /// The probes, and `service` for everything else.
    pub fn or<S>(self, service: S) -> WithProbes<S> {
        WithProbes { probes: self, service }
    }

    fn answer(&self, method: &Method, path: &str) -> Response<Full<Bytes>> {
        let (starting, stopping) = (!self.lifecycle.is_ready(), self.lifecycle.is_stopping());
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

/// The probes, and a service for everything else: see [`Probes::or`].
#[derive(Clone, Debug)]
pub struct WithProbes<S> {
    probes: Probes,
    service: S,
}

impl<S, B, C> Service<Request<B>> for WithProbes<S>
where
    S: Service<Request<B>, Response = Response<C>>,
    C: Body<Data = Bytes>,
{
    type Response = Response<Either<Full<Bytes>, C>>;
    type Error = S::Error;
    type Future = Asked<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match is_ours(request.uri().path()) {
            true => {
                Asked::Probe { response: Some(self.probes.answer(request.method(), request.uri().path())) }
            }
            false => Asked::Service { future: self.service.call(request) },
        }
    }
}

pin_project! {
    /// The answer of a probe, or of the service.
    #[project = AskedProject]
    #[doc(hidden)]
    pub enum Asked<F> {
        Probe { response: Option<Response<Full<Bytes>>> },
        Service {
            #[pin]
            future: F,
        },
    }
}

impl<F, C, E> Future for Asked<F>
where
    F: Future<Output = Result<Response<C>, E>>,
{
    type Output = Result<Response<Either<Full<Bytes>, C>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(Ok(match self.project() {
            AskedProject::Probe { response } => {
                response.take().expect("polled after its end").map(Either::Left)
            }
            AskedProject::Service { future } => ready!(future.poll(cx))?.map(Either::Right),
        }))
    }
}

/// Answers [`probes`] on a listener of its own, which closes last: `/livez` says 200 and `/readyz` 503 through drain,
/// cleanup and flush, to whoever still asks.
///
/// It is no work in flight, and nothing waits for it: spawn it with `tokio::spawn`, or let it go with `main`.
///
/// # Errors
///
/// If the listener cannot accept, and never will.
///
/// # Panics
///
/// Outside of a lifecycle.
///
/// # Cancel safety
///
/// Dropped, it stops answering.
pub async fn serve_probes(mut listener: impl Listener) -> io::Result<()> {
    let probes = probes();
    let mut over = probes.lifecycle.notices().over.wait();
    loop {
        let accepted = std::future::poll_fn(|cx| match Pin::new(&mut over).poll(cx) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => listener.poll_accept(cx).map(Some),
        });
        match accepted.await {
            None => return Ok(()),
            Some(Ok((io, _))) => {
                let (service, over) =
                    (TowerToHyperService::new(probes.clone()), probes.lifecycle.notices().over.wait());
                tokio::spawn(async move {
                    let answers = hyper::server::conn::http1::Builder::new()
                        .keep_alive(false)
                        .serve_connection(TokioIo::new(io), service);
                    // What becomes of one check is the business of whoever asked.
                    let _ = futures_util::future::select(answers, over).await;
                });
            }
            Some(Err(error)) if crate::net::is_fatal(&error) => return Err(error),
            Some(Err(_)) => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
        }
    }
}
