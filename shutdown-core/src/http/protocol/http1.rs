//! HTTP/1.1 alone.

use std::error::Error as StdError;
use std::pin::Pin;
use std::time::Duration;

use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper::server::conn::http1::{Builder, UpgradeableConnection};
use hyper::service::{HttpService, Service};
use hyper_util::rt::TokioTimer;

use super::Graceful;

/// hyper's settings.
#[derive(Clone)]
pub(in crate::http) struct Protocol {
    hyper: Builder,
}

impl Protocol {
    pub(in crate::http) fn new() -> Protocol {
        let mut hyper = Builder::new();
        hyper.half_close(true);
        Protocol { hyper }
    }

    pub(in crate::http) fn header_read_timeout(&mut self, timeout: Duration) {
        self.hyper.timer(TokioTimer::new()).header_read_timeout(timeout);
    }

    /// Whether a connection takes more than one request.
    pub(in crate::http) fn keep_alive(&mut self, keeps: bool) {
        self.hyper.keep_alive(keeps);
    }

    /// Whether a client that has closed its sending side receives its responses.
    pub(in crate::http) fn half_close(&mut self, answers: bool) {
        self.hyper.half_close(answers);
    }

    /// Serves one connection.
    pub(in crate::http) fn serve<I, S, B>(
        &self,
        io: I,
        service: S,
    ) -> impl Graceful<Output: Send> + use<I, S, B>
    where
        I: Read + Write + Unpin + Send + 'static,
        S: Service<Request<Incoming>, Response = Response<B>>,
        S::Error: Into<Box<dyn StdError + Send + Sync>>,
        B: Body + 'static,
        B::Error: Into<Box<dyn StdError + Send + Sync>>,
    {
        self.hyper.serve_connection(io, service).with_upgrades()
    }
}

impl<I, S, B> Graceful for UpgradeableConnection<I, S>
where
    I: Read + Write + Unpin + Send + 'static,
    S: HttpService<Incoming, ResBody = B>,
    S::Error: Into<Box<dyn StdError + Send + Sync>>,
    B: Body + 'static,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    fn close(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}
