//! Health checks: is the service alive, has it started, should it get requests.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io;
use std::panic::resume_unwind;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::future::{Either as Or, select};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{Either, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use pin_project_lite::pin_project;
use tokio::task::JoinHandle;
use tower_service::Service;

use crate::edge::Edge;
use crate::net::Listener;

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
    edge: Edge,
}

/// How long the listener pauses after an error of `accept`.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);
/// The path of the readiness check.
const READINESS: &str = "/readyz";
/// The path of gRPC's health check.
const GRPC_HEALTH: &str = "/grpc.health.v1.Health/";

/// Whether the probes answer this path.
fn is_probe(path: &str) -> bool {
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
    /// Returns a service that answers health checks, and passes every other request to `service`.
    pub fn or<S>(self, service: S) -> WithProbes<S> {
        WithProbes { probes: self, service }
    }

    fn answer(&self, method: &Method, path: &str) -> Response<Full<Bytes>> {
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

/// A tower service with health checks: see [`Probes::or`].
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
    type Future = ProbesFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match is_probe(request.uri().path()) {
            true => ProbesFuture::Probe {
                response: Some(self.probes.answer(request.method(), request.uri().path())),
            },
            false => ProbesFuture::Service { future: self.service.call(request) },
        }
    }
}

pin_project! {
    /// The future of [`WithProbes`].
    #[project = ProbesFutureProject]
    pub enum ProbesFuture<F> {
        Probe { response: Option<Response<Full<Bytes>>> },
        Service {
            #[pin]
            future: F,
        },
    }
}

impl<F, C, E> Future for ProbesFuture<F>
where
    F: Future<Output = Result<Response<C>, E>>,
{
    type Output = Result<Response<Either<Full<Bytes>, C>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(Ok(match self.project() {
            ProbesFutureProject::Probe { response } => {
                response.take().expect("not polled after completion").map(Either::Left)
            }
            ProbesFutureProject::Service { future } => ready!(future.poll(cx))?.map(Either::Right),
        }))
    }
}

/// Answers [`probes`] on a listener of its own, which closes last. `/livez` is 200 and `/readyz` is 503 through the drain,
/// the cleanup and the flush.
///
/// It never holds up the stop. The future completes during the drain, when nothing else is in flight but the code of
/// `main`. The probes are answered until the end all the same. A task that is spawned by [`spawn`](crate::spawn) or
/// [`spawn_essential`](crate::spawn_essential) for this future is not work in flight any more when the drain has begun.
///
/// `tokio::spawn`, [`spawn`](crate::spawn) and [`spawn_essential`](crate::spawn_essential) are good places for it. With
/// `spawn_essential` a listener that fails stops the service. In `main` it can be a branch of `join!` or `select!` next to
/// [`serve`](super::serve()), or the last line. The other branches of a `select!` have to be work that the lifecycle knows:
/// a server of this crate, or code that holds a [`pass`](crate::pass). Otherwise the `select!` may end before they do.
///
/// # Errors
///
/// Returns the error of a listener that will never accept again.
///
/// # Panics
///
/// Outside of a lifecycle.
///
/// # Cancel safety
///
/// Cancel safe. If the future is dropped before it has completed, the listener closes.
///
/// # Examples
///
/// ```
/// #[lifecycle::main]
/// async fn main() -> std::io::Result<()> {
///     let port = lifecycle::net::listen("127.0.0.1:0").await?;
///     lifecycle::spawn_essential("probes", lifecycle::http::serve_probes(port));
///     // .. the service ..
///     Ok(())
/// }
/// ```
pub fn serve_probes(listener: impl Listener) -> impl Future<Output = io::Result<()>> + Send {
    // A task that `tokio::spawn` starts inside `Lifecycle::run` is outside of the lifecycle, and this call is inside.
    let here = Edge::current();
    async move {
        let edge = Edge::current().or(here).unwrap_or_else(|| Edge::expect("http::serve_probes"));
        answer_until_alone(edge, listener).await
    }
}

/// Answers probes until nothing but `main` is in flight. They are answered after that, until the end.
async fn answer_until_alone(edge: Edge, listener: impl Listener) -> io::Result<()> {
    let probes = Probes { edge: edge.clone() };
    // A task of its own, which goes on when this future has completed.
    let mut answering = Answering { task: tokio::spawn(answer_probes(probes, listener)), goes_on: false };
    let last = async {
        edge.draining().wait().await;
        edge.step_aside();
        edge.alone().await;
    };
    match select(&mut answering.task, pin!(last)).await {
        Or::Left((Ok(ended), _)) => ended,
        // The code of the listener panicked, or the runtime is shutting down.
        Or::Left((Err(error), _)) => error.try_into_panic().map_or(Ok(()), |panic| resume_unwind(panic)),
        Or::Right(..) => {
            answering.goes_on = true;
            Ok(())
        }
    }
}

/// The task that answers. It ends when this is dropped, unless it is to go on.
struct Answering {
    task: JoinHandle<io::Result<()>>,
    goes_on: bool,
}

impl Drop for Answering {
    fn drop(&mut self) {
        if !self.goes_on {
            self.task.abort();
        }
    }
}

async fn answer_probes(probes: Probes, mut listener: impl Listener) -> io::Result<()> {
    let mut over = probes.edge.over().wait();
    loop {
        let accepted = std::future::poll_fn(|cx| match Pin::new(&mut over).poll(cx) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => listener.poll_accept(cx).map(Some),
        });
        match accepted.await {
            None => return Ok(()),
            Some(Ok((io, _))) => {
                let (service, over) = (TowerToHyperService::new(probes.clone()), probes.edge.over().wait());
                tokio::spawn(async move {
                    let answers = hyper::server::conn::http1::Builder::new()
                        .keep_alive(false)
                        .serve_connection(TokioIo::new(io), service);
                    // An error concerns only the client of this check.
                    let _ = futures_util::future::select(answers, over).await;
                });
            }
            Some(Err(error)) if crate::net::is_fatal(&error) => return Err(error),
            Some(Err(_)) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}
