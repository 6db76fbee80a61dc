//! The services that a server accepts: tower's and hyper's.

use std::error::Error as StdError;

use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper_util::service::TowerToHyperService;

/// A service that [`serve`](super::serve()) accepts: a tower service or a hyper service.
///
/// | kind | examples |
/// |---|---|
/// | `tower::Service<Request<Incoming>, Response = Response<B>>` | an axum `Router`, tonic `Routes`, a `tower::service_fn` |
/// | `hyper::service::Service<Request<Incoming>, Response = Response<B>>` | a `hyper::service::service_fn` |
///
/// Both need `Clone + Send + 'static`, a future that is `Send`, and an error that converts into a
/// `Box<dyn Error + Send + Sync>`. The body `B` is an `http_body::Body` that is `Send + 'static`. The compiler infers
/// `Kind`. This trait is sealed: it can be named in bounds, and not implemented.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a service that answers HTTP requests",
    note = "it has to be `tower::Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static`, or the \
            same of hyper; its future has to be `Send`",
    note = "an axum `Router<S>` becomes a service by `.with_state(..)`; a service for each connection needs \
            `Server::serve_make_service`"
)]
pub trait HttpService<Kind>: IntoHyper<Kind> {}

impl<Kind, S: IntoHyper<Kind>> HttpService<Kind> for S {}

/// The kind of a tower service.
#[derive(Debug)]
pub enum Tower {}

/// The kind of a hyper service.
#[derive(Debug)]
pub enum Hyper {}

/// Seals [`HttpService`].
pub trait IntoHyper<Kind>: Clone + Send + 'static {
    /// The body of a response.
    type Body: Body<Data: Send, Error: Into<Box<dyn StdError + Send + Sync>>> + Send + 'static;
    /// The error of a request.
    type Error: Into<Box<dyn StdError + Send + Sync>>;
    /// The service, as hyper calls it.
    type Service: hyper::service::Service<
            Request<Incoming>,
            Response = Response<Self::Body>,
            Error = Self::Error,
            Future: Send,
        > + Clone
        + Send
        + 'static;

    /// Returns the service, as hyper calls it.
    fn into_hyper(self) -> Self::Service;
}

impl<S, B> IntoHyper<Tower> for S
where
    S: tower_service::Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<Box<dyn StdError + Send + Sync>>,
    S::Future: Send,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    type Body = B;
    type Error = S::Error;
    type Service = TowerToHyperService<S>;

    fn into_hyper(self) -> Self::Service {
        TowerToHyperService::new(self)
    }
}

impl<S, B> IntoHyper<Hyper> for S
where
    S: hyper::service::Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<Box<dyn StdError + Send + Sync>>,
    S::Future: Send,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    type Body = B;
    type Error = S::Error;
    type Service = S;

    fn into_hyper(self) -> S {
        self
    }
}
