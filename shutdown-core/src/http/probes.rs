//! Health checks: is the service alive, has it started, should it get requests.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::FutureExt as _;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use hyper::body::Bytes;
use tower_service::Service;

use super::asks::{READINESS, is_probe};
use super::envoy::tell_envoy;
use super::probe_body::ProbeBody;
use super::{grpc_health, verbose};
use crate::edge::Edge;
use crate::edge::readiness::{Awaited, Readiness};

/// Returns a tower service that answers the health checks of an orchestrator for the current lifecycle.
///
/// | path | 200 | 503 |
/// |---|---|---|
/// | `/livez` | always, because a service that is stopping is still healthy | never |
/// | `/startupz` | after [`ready`](crate::ready) | before |
/// | `/readyz` | after [`ready`](crate::ready) | before, after the stop has begun, while the [readiness](super::Readiness) is drained, and while a part of the service is [not ready](#the-parts-of-the-service) |
///
/// Any other path is 404, and any other method than GET and HEAD is 405. `/grpc.health.v1.Health/` is
/// [gRPC's health check](#grpc). There are three places for the probes:
///
/// - on the port of the service, with [`or`](Probes::or);
/// - in a router: `Router::route_service("/readyz", probes())`;
/// - on a port of its own, with [`serve_probes`](super::serve_probes()). Only there `/startupz` is of use, because a service that answers on its
///   own port has started.
///
/// The probes have four settings, which are off by default:
///
/// | setting | for |
/// |---|---|
/// | [`grpc_service`](Probes::grpc_service) | gRPC clients, which ask for the health of a service by its name |
/// | [`stopping_status`](Probes::stopping_status) | HAProxy, which can tell a service that stops from one that is broken |
/// | [`ready_in_lame_duck`](Probes::ready_in_lame_duck) | a service with a single endpoint |
/// | [`admin`](Probes::admin) | operators, who drain the readiness without a stop |
///
/// # The parts of the service
///
/// `/readyz` asks each managed instance whose type has a [readiness check](macro@crate::resource#readiness) (`ready = ping`),
/// all at once. An instance that was asked within the last second is not asked again. One that fails makes `/readyz` 503, and
/// so does a supervised task that has ended [too often](crate::Supervised::not_ready_after).
///
/// `/startupz` names the [resources that have not started](crate::start()), and why: `starting: waiting for Database
/// (connection refused), Broker`.
///
/// The answer takes at most 1 s: an instance without an answer by then is not ready. `/livez` and `/startupz` ask nobody.
///
/// `/readyz?verbose` lists the parts, in the form of Kubernetes. It lists supervised tasks too, also those that never make
/// the service not ready:
///
/// ```text
/// [+]database ok
/// [-]orders failed: connection refused
/// [+]sync ok: begins again in 3 s: no route to host
/// readyz check failed
/// ```
///
/// The log has a line when a part becomes not ready, and one when it is ready again.
///
/// # gRPC
///
/// The probes answer the [health check of gRPC](https://github.com/grpc/grpc/blob/master/doc/health-checking.md),
/// `grpc.health.v1`, to HTTP/2 clients. The state is the one of `/readyz`: `SERVING` for 200, else `NOT_SERVING`. A server of
/// this crate needs the feature `http2`.
///
/// | the service in the request | `Check` | `Watch` |
/// |---|---|---|
/// | the empty name, or one of [`grpc_service`](Probes::grpc_service) | the state | the state, and each change within 1 s (2 s if a check hangs) |
/// | any other | the error `NOT_FOUND` | `SERVICE_UNKNOWN`, and no change |
///
/// A `Watch` ends at the notice, after `NOT_SERVING`. One that begins in the lame duck has `NOT_SERVING`, and ends when the
/// drain begins. One that begins later is refused with `UNAVAILABLE`. So no `Watch` holds up the drain.
///
/// With [`or`](Probes::or) the probes answer before the service. A service that answers `grpc.health.v1` itself, for the
/// health of its own parts, gets its routes as `Router::route_service("/readyz", probes())` instead.
///
/// # Envoy
///
/// A program that has called `probes` or [`serve_probes`](super::serve_probes()) tells Envoy with each response that it is not ready: from the
/// beginning of the stop to the exit, and while the readiness is drained. The responses of all servers of
/// [`serve`](super::serve()) carry the header `x-envoy-immediate-health-check-fail: true`, over HTTP/1 and HTTP/2. Envoy then
/// sends no further request to this instance, before its next health check. A check that succeeds ends that. Envoy reads the
/// header only if the cluster has active health checks
/// ([fast failure](https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/health_checking#active-health-checking-fast-failure)).
///
/// A proxy between Envoy and the service should remove the header. Envoy would otherwise send nothing to that proxy, which
/// may have other instances. nginx removes it by `proxy_hide_header`, and HAProxy by `http-response del-header`.
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
    Probes::of(Edge::expect("http::probes"))
}

/// A tower service that answers health checks: see [`probes`].
#[derive(Clone, Debug)]
pub struct Probes {
    edge: Edge,
    /// The status of `/readyz` when load balancers are to send requests elsewhere.
    stopping_status: StatusCode,
    /// The path of the admin route.
    admin: Option<Arc<str>>,
    /// The names of gRPC services that have the health of the whole.
    grpc_services: Arc<[String]>,
}

/// A response that may have to wait for the instances, for at most 1 s.
pub(super) type Answering = Pin<Box<dyn Future<Output = Response<ProbeBody>> + Send>>;

impl Probes {
    pub(super) fn of(edge: Edge) -> Probes {
        edge.note_probes();
        Probes {
            edge,
            stopping_status: StatusCode::SERVICE_UNAVAILABLE,
            admin: None,
            grpc_services: Arc::default(),
        }
    }

    /// Configures the status of `/readyz` after the stop has begun, and while the [readiness](super::Readiness) is drained.
    /// Defaults to 503. During the start-up the status is 503 in any case.
    ///
    /// HAProxy takes 404 for a service that stops in good order, if it is configured with `http-check disable-on-404`. It
    /// sends no new clients, and goes on to serve the clients that are bound to this instance by a cookie. It takes any
    /// other failure for a broken service, whose clients it moves at once.
    ///
    /// ```text
    /// option httpchk GET /readyz
    /// http-check disable-on-404
    /// server shop1 10.0.0.1:8080 check inter 1s fall 2
    /// ```
    ///
    /// HAProxy acts on the first 404, and needs no second one (`fall`).
    ///
    /// ```
    /// # #[lifecycle::main]
    /// # async fn main() {
    /// let probes = lifecycle::http::probes().stopping_status(404);
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// If the status is not from 400 to 599, because a load balancer takes any lower one for a healthy service.
    #[doc(alias("disable-on-404", "NOLB"))]
    #[track_caller]
    #[must_use]
    pub fn stopping_status(mut self, status: u16) -> Probes {
        let failure = StatusCode::from_u16(status).ok().filter(|_| (400..600).contains(&status));
        let Some(failure) = failure else {
            panic!(
                "`stopping_status({status})` tells no load balancer that the service stops: write a status from 400 to \
                 599, such as 503 or 404; `ready_in_lame_duck()` keeps 200"
            )
        };
        self.stopping_status = failure;
        self
    }

    /// Configures `/readyz` to stay 200 in the lame duck. It fails when the drain begins. Defaults to a failure at the
    /// beginning of the stop.
    ///
    /// The setting is for the only endpoint of a service. A failed check moves clients to another instance. Without another
    /// instance, the load balancer answers them with an error for the whole lame duck, although this one still serves.
    ///
    /// Kubernetes takes an instance out by itself when it terminates, also if its probe succeeds. If each endpoint of a
    /// service terminates, Kubernetes sends requests to the ones that are ready
    /// ([KEP-1669](https://github.com/kubernetes/enhancements/tree/master/keps/sig-network/1669-proxy-terminating-endpoints)).
    ///
    /// The setting applies to the whole program: all its probes, and the [header for Envoy](probes#envoy). It has no effect
    /// on a readiness that is [drained](super::Readiness::drain).
    /// [`lame_duck_early_end`](super::Server::lame_duck_early_end) waits for a failed check, so the lame duck has its whole
    /// length.
    ///
    /// ```
    /// # #[lifecycle::main]
    /// # async fn main() {
    /// let probes = lifecycle::http::probes().ready_in_lame_duck();
    /// # }
    /// ```
    #[doc(alias("sole endpoint", "single replica"))]
    #[must_use]
    pub fn ready_in_lame_duck(self) -> Probes {
        self.edge.stay_ready_in_lame_duck();
        self
    }

    /// Adds a route at `path` that drains the [readiness](super::Readiness) of the service, and ends that. Defaults to
    /// none.
    ///
    /// | method | effect | response |
    /// |---|---|---|
    /// | PUT | [`drain`](super::Readiness::drain) | 200, `drained` |
    /// | DELETE | [`undrain`](super::Readiness::undrain) | 200, `not drained` |
    /// | GET, HEAD | none | 200, `drained` or `not drained` |
    /// | any other | none | 405 |
    ///
    /// **The route asks nobody for a password.** It belongs on a listener that only operators reach, so
    /// [`serve`](Probes::serve) is the place for it, and a public port is not. A web page in the browser of an operator
    /// cannot send PUT and DELETE to it, because the route does not answer the preflight request of the browser (CORS).
    ///
    /// ```text
    /// curl -X PUT    http://10.0.0.1:9090/drain
    /// curl -X DELETE http://10.0.0.1:9090/drain
    /// ```
    ///
    /// # Panics
    ///
    /// If `path` does not begin with `/`, contains `?` or `#`, or is the path of a probe.
    #[track_caller]
    #[must_use]
    pub fn admin(mut self, path: impl Into<Arc<str>>) -> Probes {
        let path = path.into();
        assert!(
            path.starts_with('/') && !path.contains(['?', '#']),
            "`admin({path:?})` is not the path of a route: write a path such as \"/drain\""
        );
        assert!(
            !is_probe(&path),
            "`admin({path:?})` is the path of a probe: write another one, such as \"/drain\""
        );
        self.admin = Some(path);
        self
    }

    /// Adds the name of a gRPC service to the health check of gRPC. The service has the health of the whole. Defaults to
    /// none: only the empty name is known.
    ///
    /// A gRPC client that checks the health of its backends asks for the service of its own configuration
    /// (`healthCheckConfig`). The name has the package, as in `shop.v1.Orders`; generated code has it as
    /// `NamedService::NAME`.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[lifecycle::main]
    /// # async fn main() {
    /// let probes = lifecycle::http::probes().grpc_service("shop.v1.Orders").grpc_service("shop.v1.Carts");
    /// # }
    /// ```
    #[doc(alias("set_serving", "healthCheckConfig", "serviceName"))]
    #[must_use]
    pub fn grpc_service(mut self, name: impl Into<String>) -> Probes {
        self.grpc_services = self.grpc_services.iter().cloned().chain([name.into()]).collect();
        self
    }

    pub(super) fn edge(&self) -> &Edge {
        &self.edge
    }

    /// Whether a request for this path is answered here.
    pub(super) fn answers(&self, path: &str) -> bool {
        is_probe(path) || self.is_admin(path)
    }

    fn is_admin(&self, path: &str) -> bool {
        self.admin.as_deref() == Some(path)
    }

    pub(super) fn answer<B>(&self, request: Request<B>) -> Answering
    where
        B: Body<Data: Send> + Send + 'static,
    {
        let probes = self.clone();
        if request.uri().path().starts_with(grpc_health::SERVICE) && !self.is_admin(request.uri().path()) {
            return Box::pin(async move {
                let edge = probes.edge.clone();
                let response = grpc_health::answer(edge, &probes.grpc_services, request).await;
                probes.tell_envoy(response)
            });
        }
        let (head, _) = request.into_parts();
        Box::pin(async move {
            let path = head.uri.path();
            let (status, text) = match probes.is_admin(path) {
                true => probes.administer(&head.method),
                false => probes.probe(&head.method, path, head.uri.query()).await,
            };
            let mut response = Response::new(ProbeBody::text(text));
            *response.status_mut() = status;
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            if status == StatusCode::METHOD_NOT_ALLOWED {
                let allowed = if probes.is_admin(path) { "GET, HEAD, PUT, DELETE" } else { "GET, HEAD" };
                headers.insert(ALLOW, HeaderValue::from_static(allowed));
            }
            probes.tell_envoy(response)
        })
    }

    fn tell_envoy(&self, mut response: Response<ProbeBody>) -> Response<ProbeBody> {
        if self.edge.tells_envoy() {
            tell_envoy(&mut response);
        }
        response
    }

    async fn probe(&self, method: &Method, path: &str, query: Option<&str>) -> (StatusCode, Bytes) {
        let text = Bytes::from_static;
        match path {
            _ if method != Method::GET && method != Method::HEAD => {
                (StatusCode::METHOD_NOT_ALLOWED, text(b"GET only\n"))
            }
            "/livez" => (StatusCode::OK, text(b"alive\n")),
            "/startupz" if self.edge.readiness() != Readiness::Starting => {
                (StatusCode::OK, text(b"started\n"))
            }
            "/startupz" => (StatusCode::SERVICE_UNAVAILABLE, self.starting().into()),
            READINESS => self.readiness(verbose::is_asked(query)).await,
            _ => (StatusCode::NOT_FOUND, text(b"no such probe\n")),
        }
    }

    /// Returns what the start-up waits for.
    /// Lists the resources that the start-up waits for, each with the error of its last attempt.
    fn start_waits_for(&self) -> Vec<String> {
        let told = |awaited: Awaited| match awaited.error {
            Some(error) => format!("{} ({error})", awaited.name),
            None => awaited.name.into_owned(),
        };
        self.edge.awaited().into_iter().map(told).collect()
    }

    fn starting(&self) -> String {
        match &self.start_waits_for()[..] {
            [] => "starting\n".to_owned(),
            names => format!("starting: waiting for {}\n", names.join(", ")),
        }
    }

    async fn readiness(&self, is_verbose: bool) -> (StatusCode, Bytes) {
        let health = self.edge.health(is_verbose).await;
        let is_ready = health.is_ready();
        let status = match health.readiness {
            Readiness::Ready if is_ready => StatusCode::OK,
            Readiness::Ready | Readiness::Starting => StatusCode::SERVICE_UNAVAILABLE,
            Readiness::Drained | Readiness::Stopping => self.stopping_status,
        };
        let text = match health.readiness {
            _ if is_verbose => verbose::listed(&health, &self.start_waits_for()) + verbose::verdict(is_ready),
            Readiness::Starting => self.starting(),
            Readiness::Ready if is_ready => "ready\n".to_owned(),
            Readiness::Ready => "not ready\n".to_owned(),
            Readiness::Drained => "drained\n".to_owned(),
            Readiness::Stopping => "stopping\n".to_owned(),
        };
        (status, text.into())
    }

    fn administer(&self, method: &Method) -> (StatusCode, Bytes) {
        match *method {
            Method::PUT => self.edge.drain_readiness(true),
            Method::DELETE => self.edge.drain_readiness(false),
            Method::GET | Method::HEAD => {}
            _ => return (StatusCode::METHOD_NOT_ALLOWED, "GET, PUT or DELETE only\n".into()),
        }
        (StatusCode::OK, if self.edge.is_readiness_drained() { "drained\n" } else { "not drained\n" }.into())
    }
}

impl<B> Service<Request<B>> for Probes
where
    B: Body<Data: Send> + Send + 'static,
{
    type Response = Response<ProbeBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<ProbeBody>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        Box::pin(self.answer(request).map(Ok))
    }
}
