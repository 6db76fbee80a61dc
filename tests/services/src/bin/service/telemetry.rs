//! A service that exports telemetry to an OTLP collector.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use opentelemetry::logs::{Logger as _, LoggerProvider as _};
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry::trace::{Tracer as _, TracerProvider as _};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{
    LogExporter, MetricExporter, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::{logs::SdkLoggerProvider, metrics::SdkMeterProvider, trace::SdkTracerProvider};

use crate::consuming::Ledger;
use crate::{Error, serve, setting};

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

#[lifecycle::resource(last, timeout = "2s")]
struct Telemetry {
    #[teardown]
    traces: Option<SdkTracerProvider>,
    #[teardown]
    metrics: Option<SdkMeterProvider>,
    #[teardown]
    logs: Option<SdkLoggerProvider>,
}

macro_rules! exporter {
    ($exporter:ident, $path:literal) => {
        $exporter::builder()
            .with_http()
            .with_http_client(Blocking)
            .with_endpoint(format!(concat!("http://{}", $path), setting("COLLECTOR")))
            .build()?
    };
}

pub(crate) async fn run(kind: &str) -> Result<(), Error> {
    lifecycle::manage(Ledger);
    let mut telemetry = Telemetry { traces: None, metrics: None, logs: None };
    match kind {
        "traces" => {
            let exporter = exporter!(SpanExporter, "/v1/traces");
            telemetry.traces = Some(SdkTracerProvider::builder().with_batch_exporter(exporter).build());
        }
        "metrics" => {
            let exporter = exporter!(MetricExporter, "/v1/metrics");
            telemetry.metrics = Some(SdkMeterProvider::builder().with_periodic_exporter(exporter).build());
        }
        "logs" => {
            let exporter = exporter!(LogExporter, "/v1/logs");
            telemetry.logs = Some(SdkLoggerProvider::builder().with_batch_exporter(exporter).build());
        }
        other => return Err(format!("no telemetry `{other}`").into()),
    }
    let telemetry = lifecycle::manage(telemetry);
    serve().await;
    // Written after the notice, so that it is still in a batch when the teardown begins.
    if std::env::var_os("SILENT").is_none() {
        if let Some(traces) = &telemetry.traces {
            for _ in 0..5 {
                drop(traces.tracer("test").start("work"));
            }
        }
        if let Some(metrics) = &telemetry.metrics {
            metrics.meter("test").u64_counter("work").build().add(5, &[]);
        }
        if let Some(logs) = &telemetry.logs {
            let logger = logs.logger("test");
            logger.emit(logger.create_log_record());
        }
    }
    if std::env::var_os("SHUT_DOWN").is_some()
        && let Some(traces) = telemetry.traces.clone()
    {
        tokio::task::spawn_blocking(move || traces.shutdown()).await??;
    }
    Ok(())
}
