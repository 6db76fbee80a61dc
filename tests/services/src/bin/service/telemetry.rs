//! A service that exports telemetry to an OTLP collector.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use lifecycle::telemetry::Watched;
use opentelemetry::logs::{LogRecord as _, Logger as _, LoggerProvider as _};
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry::trace::{Tracer as _, TracerProvider as _};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{
    LogExporter, MetricExporter, RetryPolicy, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
    WithTonicConfig as _,
};
use opentelemetry_sdk::{logs::SdkLoggerProvider, metrics::SdkMeterProvider, trace::SdkTracerProvider};

use crate::consuming::Ledger;
use crate::{Error, number, serve, setting};

/// An HTTP client that blocks, as the batch processors need it.
#[derive(Debug)]
struct Blocking;

#[async_trait]
impl HttpClient for Blocking {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let address = request.uri().authority().ok_or("no address")?.as_str();
        let mut stream = TcpStream::connect(address)?;
        let (path, body) = (request.uri().path(), request.body());
        write!(stream, "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\n\r\n", body.len())?;
        stream.write_all(body)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let status = answer.split(' ').nth(1).ok_or("no status")?;
        Ok(Response::builder().status(status).body(Bytes::new())?)
    }
}

#[lifecycle::resource(last)]
pub(crate) struct Telemetry {
    #[teardown]
    pub(crate) traces: Option<SdkTracerProvider>,
    #[teardown]
    pub(crate) metrics: Option<SdkMeterProvider>,
    #[teardown]
    logs: Option<SdkLoggerProvider>,
}

/// Builds an exporter over gRPC or HTTP. It does not try again, so that the tests count each answer once.
macro_rules! exporter {
    ($exporter:ident, $path:literal) => {
        if is_set("GRPC") {
            $exporter::builder()
                .with_tonic()
                .with_endpoint(format!("http://{}", setting("COLLECTOR")))
                .with_retry_policy(RetryPolicy::disabled())
                .build()?
        } else {
            $exporter::builder()
                .with_http()
                .with_http_client(Blocking)
                .with_endpoint(format!(concat!("http://{}", $path), setting("COLLECTOR")))
                .with_retry_policy(RetryPolicy::disabled())
                .build()?
        }
    };
}

/// Adds an exporter to a builder in the way that the test asks for.
macro_rules! provider {
    ($builder:expr, $exporter:expr, $in_batches:ident, $at_once:ident) => {{
        let (builder, exporter) = ($builder, $exporter);
        match (is_set("WATCHED"), is_set("SIMPLE")) {
            (true, true) => builder.$at_once(Watched::new(exporter)).build(),
            (true, false) => builder.$in_batches(Watched::new(exporter)).build(),
            (false, true) => builder.$at_once(exporter).build(),
            (false, false) => builder.$in_batches(exporter).build(),
        }
    }};
}

fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some()
}

impl Telemetry {
    pub(crate) fn new(kind: &str) -> Result<Telemetry, Error> {
        let mut telemetry = Telemetry { traces: None, metrics: None, logs: None };
        match kind {
            "traces" => {
                let exporter = exporter!(SpanExporter, "/v1/traces");
                let builder = SdkTracerProvider::builder();
                let provider = provider!(builder, exporter, with_batch_exporter, with_simple_exporter);
                telemetry.traces = Some(provider);
            }
            "metrics" => {
                let exporter = exporter!(MetricExporter, "/v1/metrics");
                let builder = SdkMeterProvider::builder();
                let provider = provider!(builder, exporter, with_periodic_exporter, with_periodic_exporter);
                telemetry.metrics = Some(provider);
            }
            "logs" => {
                let exporter = exporter!(LogExporter, "/v1/logs");
                let builder = SdkLoggerProvider::builder();
                let provider = provider!(builder, exporter, with_batch_exporter, with_simple_exporter);
                telemetry.logs = Some(provider);
            }
            other => return Err(format!("no telemetry `{other}`").into()),
        }
        Ok(telemetry)
    }

    /// Makes this number of spans or logs, or one metric.
    fn make(&self, count: usize) {
        if let Some(traces) = &self.traces {
            for _ in 0..count {
                drop(traces.tracer("test").start("work"));
            }
        }
        if let Some(metrics) = &self.metrics {
            metrics.meter("test").u64_counter("work").build().add(5, &[]);
        }
        if let Some(logs) = &self.logs {
            let logger = logs.logger("test");
            for _ in 0..count {
                let mut record = logger.create_log_record();
                record.set_body("work".into());
                logger.emit(record);
            }
        }
    }
}

pub(crate) async fn run(kind: &str) -> Result<(), Error> {
    lifecycle::manage(Ledger);
    let telemetry = lifecycle::manage(Telemetry::new(kind)?);
    let (early, late) = (number("EARLY"), number("LATE"));
    if early > 0 {
        telemetry.make(early);
    }
    serve().await;
    // Made after the notice, so that it is still in a batch when the teardown begins.
    if late > 0 {
        telemetry.make(late);
    }
    if is_set("SHUT_DOWN")
        && let Some(traces) = telemetry.traces.clone()
    {
        tokio::task::spawn_blocking(move || traces.shutdown()).await??;
    }
    Ok(())
}
