//! A service with probes at its side.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use http_body::Body;
use http_body_util::Either;
use hyper::body::Bytes;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::envoy::tell_envoy;
use super::probe_body::ProbeBody;
use super::probes::{Answering, Probes};
use crate::edge::readiness::current_tells_envoy;

impl Probes {
    /// Returns a service that answers health checks, and passes every other request to `service`.
    pub fn or<S>(self, service: S) -> WithProbes<S> {
        WithProbes { probes: self, service }
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
    B: Body<Data: Send> + Send + 'static,
    C: Body<Data = Bytes>,
{
    type Response = Response<Either<ProbeBody, C>>;
    type Error = S::Error;
    type Future = ProbesFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match self.probes.answers(request.uri().path()) {
            true => ProbesFuture::Probe { response: self.probes.answer(request) },
            false => ProbesFuture::Service { future: self.service.call(request) },
        }
    }
}

pin_project! {
    /// The future of [`WithProbes`].
    #[project = ProbesFutureProject]
    pub enum ProbesFuture<F> {
        Probe { response: Answering },
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
    type Output = Result<Response<Either<ProbeBody, C>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(Ok(match self.project() {
            ProbesFutureProject::Probe { response } => ready!(response.as_mut().poll(cx)).map(Either::Left),
            ProbesFutureProject::Service { future } => {
                let mut response = ready!(future.poll(cx))?;
                // A server of this crate does it too. Another one does not know of the stop.
                if current_tells_envoy() {
                    tell_envoy(&mut response);
                }
                response.map(Either::Right)
            }
        }))
    }
}
