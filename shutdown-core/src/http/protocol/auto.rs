//! HTTP/1.1 or HTTP/2, by the first bytes of the client.

mod executor;

use std::error::Error as StdError;
use std::pin::Pin;
use std::time::Duration;

use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper::service::{HttpService, Service};
use hyper_util::rt::TokioTimer;
pub(in crate::http) use hyper_util::server::conn::auto::Builder;
use hyper_util::server::conn::auto::{HttpServerConnExec, UpgradeableConnection};

pub(in crate::http) use self::executor::StreamExecutor;
use super::Graceful;

/// After how much silence an HTTP/2 client is pinged, and how long it has to answer.
const HTTP2_PING_INTERVAL: Duration = Duration::from_secs(20);
const HTTP2_PING_TIMEOUT: Duration = Duration::from_secs(20);

/// hyper's settings.
#[derive(Clone)]
pub(in crate::http) struct Protocol {
    hyper: Builder<StreamExecutor>,
}

impl Protocol {
    pub(in crate::http) fn new() -> Protocol {
        let mut hyper = Builder::new(StreamExecutor);
        hyper.http1().half_close(true);
        // A drain may be long, and a client that is gone sends nothing. The docs of `http` have the worst case.
        hyper
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(HTTP2_PING_INTERVAL)
            .keep_alive_timeout(HTTP2_PING_TIMEOUT);
        hyper.http2().enable_connect_protocol();
        Protocol { hyper }
    }

    pub(in crate::http) fn header_read_timeout(&mut self, timeout: Duration) {
        self.hyper.http1().timer(TokioTimer::new()).header_read_timeout(timeout);
    }

    pub(in crate::http) fn configure(&mut self, configure: impl FnOnce(&mut Builder<StreamExecutor>)) {
        configure(&mut self.hyper);
    }

    /// Whether an HTTP/1 connection takes more than one request.
    pub(in crate::http) fn keep_alive(&mut self, keeps: bool) {
        self.hyper.http1().keep_alive(keeps);
    }

    /// Whether a client that has closed its sending side receives its responses.
    pub(in crate::http) fn half_close(&mut self, answers: bool) {
        self.hyper.http1().half_close(answers);
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
        S::Future: Send + 'static,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn StdError + Send + Sync>>,
    {
        self.hyper.serve_connection_with_upgrades(io, service).into_owned()
    }
}

impl<I, S, E, B> Graceful for UpgradeableConnection<'_, I, S, E>
where
    Self: Future,
    S: HttpService<Incoming, ResBody = B>,
    S::Error: Into<Box<dyn StdError + Send + Sync>>,
    I: Read + Write + Unpin,
    B: Body + 'static,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
    E: HttpServerConnExec<S::Future, B>,
{
    fn close(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}
