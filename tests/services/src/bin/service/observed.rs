//! A service whose stop is observed: by spans that are exported, and by gauges that are scraped or pushed.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use lifecycle::Deferred;
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use metrics_exporter_opentelemetry::Recorder as OtelRecorder;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry::trace::TracerProvider as _;
use tokio::sync::Notify;
use tokio::time::sleep;
use tracing_subscriber::Registry;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};

use crate::telemetry::Telemetry;
use crate::{Error, serve};

pub(crate) async fn run(by: &str) -> Result<(), Error> {
    match by {
        "spans" => spans()?,
        "scraped" => scraped()?,
        "pushed" => pushed()?,
        "recorder-hangs" => metrics::set_global_recorder(Faulty::Hangs).map_err(|error| error.to_string())?,
        "recorder-panics" => {
            metrics::set_global_recorder(Faulty::Panics).map_err(|error| error.to_string())?;
        }
        other => return Err(format!("no observer `{other}`").into()),
    }
    serve().await;
    Ok(())
}

/// Exports the spans of the stop. Each stage takes a while, and one teardown fails.
fn spans() -> Result<(), Error> {
    let telemetry = Telemetry::new("traces")?;
    let tracer = telemetry.traces.as_ref().ok_or("no provider")?.tracer("lifecycle");
    let layer = tracing_opentelemetry::layer().with_tracer(tracer);
    let of_the_stop = filter_fn(|metadata| metadata.target() == "lifecycle");
    tracing::subscriber::set_global_default(Registry::default().with(layer.with_filter(of_the_stop)))?;
    lifecycle::manage(telemetry);
    Deferred::new("pool").order(1).run(|| async {
        sleep(Duration::from_millis(100)).await;
        Err::<(), _>("the server is gone")
    });
    Deferred::new("server").order(2).run(|| sleep(Duration::from_millis(50)));
    lifecycle::spawn(async {
        lifecycle::draining().await;
        sleep(Duration::from_millis(50)).await;
    });
    Ok(())
}

/// Pushes the gauges.
fn pushed() -> Result<(), Error> {
    let telemetry = Telemetry::new("metrics")?;
    let meter = telemetry.metrics.as_ref().ok_or("no provider")?.meter("lifecycle");
    metrics::set_global_recorder(OtelRecorder::with_meter(meter)).map_err(|error| error.to_string())?;
    lifecycle::manage(telemetry);
    lifecycle::defer("pool", || sleep(Duration::from_millis(50)));
    Ok(())
}

/// Lets a scraper read the gauges, also in the drain. The task in flight ends at a request of `/finish`.
fn scraped() -> Result<(), Error> {
    let gauges = PrometheusBuilder::new().install_recorder()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("gauges at {}", listener.local_addr()?);
    let finish = Arc::new(Notify::new());
    let finished = Arc::clone(&finish);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = answer(stream, &gauges, &finish);
        }
    });
    lifecycle::spawn(async move { finished.notified().await });
    Ok(())
}

fn answer(stream: io::Result<TcpStream>, gauges: &PrometheusHandle, finish: &Notify) -> io::Result<()> {
    let (mut stream, mut head) = (stream?, [0; 64]);
    let length = stream.read(&mut head)?;
    if head[..length].starts_with(b"GET /finish") {
        finish.notify_one();
    }
    let text = gauges.render();
    write!(stream, "HTTP/1.0 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len())
}

/// A recorder that does not work.
enum Faulty {
    Hangs,
    Panics,
}

impl Recorder for Faulty {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        match self {
            Faulty::Hangs => loop {
                thread::park();
            },
            Faulty::Panics => std::panic::resume_unwind(Box::new("a bug")),
        }
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}
