//! An OTLP collector over HTTP or gRPC, which answers every export in the same way.

use std::any::Any;
use std::fmt::Debug;
use std::future::pending;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::logs::v1 as logs;
use opentelemetry_proto::tonic::collector::metrics::v1 as metrics;
use opentelemetry_proto::tonic::collector::trace::v1 as traces;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, async_trait};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Protocol {
    Http,
    Grpc,
}

/// What the collector answers, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    Confirms(Duration),
    /// 503 or `UNAVAILABLE`.
    Refuses(Duration),
    RefusesTheFirst,
    Never,
}

/// A collector that ends with the test.
pub(crate) struct Collector {
    pub(crate) address: SocketAddr,
    counts: Arc<Counts>,
    /// Dropped when the test ends, so that an export without an answer ends too.
    _end: mpsc::Sender<()>,
}

#[derive(Default)]
struct Counts {
    exports: AtomicUsize,
    arrived: AtomicUsize,
    /// The exports over gRPC that were confirmed.
    confirmed: Mutex<Vec<Box<dyn Any + Send>>>,
}

impl Counts {
    /// Counts one export. Returns when to answer it, and whether it is confirmed. `None` means never.
    fn answer(&self, answer: Answer) -> Option<(Duration, bool)> {
        let is_first = self.exports.fetch_add(1, Ordering::SeqCst) == 0;
        match answer {
            Answer::Confirms(late) => Some((late, true)),
            Answer::Refuses(late) => Some((late, false)),
            Answer::RefusesTheFirst => Some((Duration::ZERO, !is_first)),
            Answer::Never => None,
        }
    }

    fn arrived(&self, count: usize) {
        self.arrived.fetch_add(count, Ordering::SeqCst);
    }
}

impl Collector {
    pub(crate) fn start(protocol: Protocol, answer: Answer) -> Collector {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let counts = Arc::new(Counts::default());
        let (end, ended) = mpsc::channel::<()>();
        let shared = Arc::clone(&counts);
        thread::spawn(move || match protocol {
            Protocol::Http => http(&listener, answer, &shared, ended),
            Protocol::Grpc => grpc(listener, answer, shared, ended),
        });
        Collector { address, counts, _end: end }
    }

    /// Returns the number of spans, logs or metrics that were confirmed.
    pub(crate) fn arrived(&self) -> usize {
        self.counts.arrived.load(Ordering::SeqCst)
    }

    /// Takes the exports of this kind that were confirmed, over gRPC.
    pub(crate) fn take<T: 'static>(&self) -> Vec<T> {
        let confirmed = std::mem::take(&mut *self.counts.confirmed.lock().unwrap());
        confirmed.into_iter().filter_map(|export| export.downcast().ok()).map(|export| *export).collect()
    }

    /// Waits until an export has arrived.
    pub(crate) fn wait_for_an_export(&self) {
        while self.counts.exports.load(Ordering::SeqCst) == 0 {
            thread::sleep(Duration::from_millis(2));
        }
    }
}

fn http(listener: &TcpListener, answer: Answer, counts: &Arc<Counts>, ended: mpsc::Receiver<()>) {
    let ended = Arc::new(Mutex::new(ended));
    for stream in listener.incoming() {
        let (mut stream, ended, counts) = (stream.unwrap(), Arc::clone(&ended), Arc::clone(counts));
        thread::spawn(move || {
            let Some(items) = receive(&mut stream) else { return };
            let Some((late, confirms)) = counts.answer(answer) else {
                let _ = ended.lock().unwrap().recv();
                return;
            };
            thread::sleep(late);
            let status = if confirms { "200 OK" } else { "503 Service Unavailable" };
            if confirms {
                counts.arrived(items);
            }
            drop(write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
        });
    }
}

/// Reads one request. Returns the number of spans, logs or metrics in it, each of which has the name `work`.
fn receive(stream: &mut TcpStream) -> Option<usize> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return None,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).ok()?;
    Some(body.windows(4).filter(|name| name == b"work").count())
}

fn grpc(listener: TcpListener, answer: Answer, counts: Arc<Counts>, ended: mpsc::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let service = Service { answer, counts };
    let ended = runtime.spawn_blocking(move || ended.recv());
    runtime.block_on(async {
        listener.set_nonblocking(true).unwrap();
        let incoming = TcpIncoming::from(tokio::net::TcpListener::from_std(listener).unwrap());
        let server = Server::builder()
            .add_service(traces::trace_service_server::TraceServiceServer::new(service.clone()))
            .add_service(metrics::metrics_service_server::MetricsServiceServer::new(service.clone()))
            .add_service(logs::logs_service_server::LogsServiceServer::new(service));
        tokio::select! {
            ended = server.serve_with_incoming(incoming) => ended.unwrap(),
            _ = ended => {}
        }
    });
}

#[derive(Clone)]
struct Service {
    answer: Answer,
    counts: Arc<Counts>,
}

impl Service {
    async fn export<R: Default>(&self, request: impl Debug + Send + 'static) -> Result<Response<R>, Status> {
        let Some((late, confirms)) = self.counts.answer(self.answer) else { pending().await };
        tokio::time::sleep(late).await;
        if !confirms {
            return Err(Status::unavailable("503"));
        }
        self.counts.arrived(format!("{request:?}").matches("\"work\"").count());
        self.counts.confirmed.lock().unwrap().push(Box::new(request));
        Ok(Response::new(R::default()))
    }
}

macro_rules! service {
    ($($module:ident::$service:ident: $request:ident -> $response:ident, $of:ident;)+) => {$(
        #[async_trait]
        impl $module::$of::$service for Service {
            async fn export(
                &self,
                request: Request<$module::$request>,
            ) -> Result<Response<$module::$response>, Status> {
                self.export(request.into_inner()).await
            }
        }
    )+};
}

service! {
    traces::TraceService: ExportTraceServiceRequest -> ExportTraceServiceResponse, trace_service_server;
    metrics::MetricsService: ExportMetricsServiceRequest -> ExportMetricsServiceResponse, metrics_service_server;
    logs::LogsService: ExportLogsServiceRequest -> ExportLogsServiceResponse, logs_service_server;
}
