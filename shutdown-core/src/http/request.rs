//! The user's service, and what each request needs around it: it is counted, told that the connection closes and that the
//! service is not ready, refused if it is late.

use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{Method, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use hyper::service::Service;
use pin_project_lite::pin_project;

use super::asks::Asks;
use super::body::ResponseBody;
use super::connection::{Connection, OpenRequest};
use super::envoy::tell_envoy;
use super::info::ConnectionInfo;
use super::last_response::{keep_to, make_last};
use super::late_requests::{LateRequests, refusal};

/// The service of one connection.
pub(super) struct ConnectionService<S> {
    service: S,
    connection: Arc<Connection>,
}

impl<S> ConnectionService<S> {
    pub(super) fn new(service: S, connection: Arc<Connection>) -> ConnectionService<S> {
        ConnectionService { service, connection }
    }
}

impl<S, B> Service<Request<Incoming>> for ConnectionService<S>
where
    S: Service<Request<Incoming>, Response = Response<B>>,
{
    type Response = Response<ResponseBody<B>>;
    type Error = S::Error;
    type Future = Handling<S, B>;

    fn call(&self, mut request: Request<Incoming>) -> Handling<S, B> {
        let site = &self.connection.site;
        let (is_late, open) = self.connection.begin(&request);
        if is_late && site.settings.late_requests == LateRequests::Refuse {
            // The refusal says `close` in any case. The connection lingers, because nobody reads the request's body.
            self.connection.answer();
            let mut response = refusal(request.version(), request.headers());
            if site.edge.tells_envoy() {
                tell_envoy(&mut response);
            }
            return Handling::Refused { response: ready(response.map(|()| ResponseBody::empty(open))) };
        }
        let asks = site.note_request(request.uri().path());
        let version = request.version();
        let connects = request.method() == Method::CONNECT;
        if site.settings.connection_info {
            request.extensions_mut().insert(ConnectionInfo::of(&self.connection));
        }
        let future = self.service.call(request);
        Handling::Served { future, open: Some(open), version, connects, asks }
    }
}

pin_project! {
    /// A request that is being answered.
    #[project = HandlingProject]
    pub(super) enum Handling<S, B>
    where
        S: Service<Request<Incoming>>,
    {
        Served {
            #[pin]
            future: S::Future,
            // After the future, so that it is dropped after it.
            open: Option<OpenRequest>,
            version: Version,
            connects: bool,
            asks: Asks,
        },
        Refused {
            response: Ready<Response<ResponseBody<B>>>,
        },
    }
}

impl<S, B> Future for Handling<S, B>
where
    S: Service<Request<Incoming>, Response = Response<B>>,
{
    type Output = Result<Response<ResponseBody<B>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            HandlingProject::Refused { response } => Pin::new(response).poll(cx).map(Ok),
            HandlingProject::Served { future, open, version, connects, asks } => {
                let mut response = ready!(future.poll(cx))?;
                let open = open.take().expect("not polled after completion");
                let connection = open.connection();
                if asks.is_unready(response.status(), &connection.site.edge) {
                    connection.site.note_unready();
                }
                if connection.site.edge.tells_envoy() {
                    tell_envoy(&mut response);
                }
                let upgrades = response.status() == StatusCode::SWITCHING_PROTOCOLS
                    || *connects && response.status().is_success();
                if upgrades && *version != Version::HTTP_2 {
                    connection.upgrade();
                } else if connection.answer() {
                    make_last(&mut response, *version);
                } else {
                    keep_to(*version, &mut response);
                }
                Poll::Ready(Ok(response.map(|body| ResponseBody::of(body, open))))
            }
        }
    }
}
