//! The user's service, with what each request needs around it: counted, told when it is the last, refused when it is
//! late.

use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::header::{CONNECTION, HeaderValue};
use http::{Method, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use hyper_util::service::{TowerToHyperService, TowerToHyperServiceFuture};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::body::Answer;
use super::connection::{Connection, InFlight};
use super::info::ConnectionInfo;
use super::latecomer::{Latecomers, refusal};
use super::probes::Asks;

/// The service of one connection.
pub(super) struct Counted<S> {
    service: TowerToHyperService<S>,
    connection: Arc<Connection>,
}

impl<S> Counted<S> {
    pub(super) fn new(service: S, connection: Arc<Connection>) -> Counted<S> {
        Counted { service: TowerToHyperService::new(service), connection }
    }
}

impl<S, B> hyper::service::Service<Request<Incoming>> for Counted<S>
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone,
{
    type Response = Response<Answer<B>>;
    type Error = S::Error;
    type Future = Handling<S, B>;

    fn call(&self, mut request: Request<Incoming>) -> Handling<S, B> {
        let site = &self.connection.site;
        let (late, in_flight) = self.connection.begin(&request);
        if late && site.latecomers() == Latecomers::Refuse {
            // It says close in any case. Nobody reads its body, so it needs a farewell.
            self.connection.answer();
            let response = refusal(request.version(), request.headers());
            return Handling::Refused { response: ready(response.map(|()| Answer::empty(in_flight))) };
        }
        let asks = site.note_request(request.uri().path());
        let http1 = request.version() != Version::HTTP_2;
        let connects = request.method() == Method::CONNECT;
        if site.tells_connections() {
            request.extensions_mut().insert(ConnectionInfo(Arc::clone(&self.connection)));
        }
        let future = hyper::service::Service::call(&self.service, request);
        Handling::Served { future, in_flight: Some(in_flight), http1, connects, asks }
    }
}

pin_project! {
    #[project = HandlingProject]
    pub(super) enum Handling<S, B>
    where
        S: Service<Request<Incoming>>,
    {
        Served {
            #[pin]
            future: TowerToHyperServiceFuture<S, Request<Incoming>>,
            // Behind the future, so that it is dropped after it.
            in_flight: Option<InFlight>,
            http1: bool,
            connects: bool,
            asks: Asks,
        },
        Refused {
            response: Ready<Response<Answer<B>>>,
        },
    }
}

impl<S, B> Future for Handling<S, B>
where
    S: Service<Request<Incoming>, Response = Response<B>>,
{
    type Output = Result<Response<Answer<B>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            HandlingProject::Refused { response } => Pin::new(response).poll(cx).map(Ok),
            HandlingProject::Served { future, in_flight, http1, connects, asks } => {
                let mut response = ready!(future.poll(cx))?;
                let in_flight = in_flight.take().expect("polled after its end");
                let connection = in_flight.connection();
                if asks.is_told_by(response.status()) {
                    connection.site.note_unready();
                }
                let upgrades = response.status() == StatusCode::SWITCHING_PROTOCOLS
                    || *connects && response.status().is_success();
                if upgrades && *http1 {
                    connection.upgrade();
                } else if connection.answer() {
                    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                Poll::Ready(Ok(response.map(|body| Answer::of(body, in_flight))))
            }
        }
    }
}
