//! R34, R35: what a trace viewer, a Prometheus and a collector of metrics see of a stop.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use libc::{SIGKILL, SIGTERM};
use lifecycle::testing::Client;
use lifecycle_process_tests::{Child, Folder, Program};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::metrics::v1::{metric::Data, number_data_point};
use opentelemetry_proto::tonic::trace::v1::{Span, status::StatusCode};

use crate::collector::{Answer, Collector, Protocol};
use crate::{ready, service};

/// Returns a service that exports to a collector over gRPC.
fn exporting(by: &str, collector: &Collector) -> Program {
    let program = service(&format!("observed/{by}")).env("COLLECTOR", collector.address.to_string());
    program.env("GRPC", "1").env("WATCHED", "1")
}

fn text(attributes: &[KeyValue], key: &str) -> Option<String> {
    let attribute = attributes.iter().find(|attribute| attribute.key == key)?;
    match attribute.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        Value::DoubleValue(number) => Some(number.to_string()),
        other => panic!("{key}: {other:?}"),
    }
}

#[test]
fn r34_a_trace_viewer_draws_the_stop() {
    for flavour in [None, Some("CURRENT_THREAD")] {
        let collector = Collector::start(Protocol::Grpc, Answer::Confirms(Duration::ZERO));
        let mut program = exporting("spans", &collector).lame_duck("50ms");
        if let Some(flavour) = flavour {
            program = program.env(flavour, "1");
        }
        ready(program).stop().exited(70).not_reported("may be lost");
        let exports = collector.take::<ExportTraceServiceRequest>();
        let spans = exports.into_iter().flat_map(|export| export.resource_spans);
        let spans: Vec<Span> = spans.flat_map(|of| of.scope_spans).flat_map(|of| of.spans).collect();
        draws_the_stop(&spans);
    }
}

#[track_caller]
fn draws_the_stop(spans: &[Span]) {
    let by_name: BTreeMap<&str, &Span> = spans.iter().map(|span| (span.name.as_str(), span)).collect();
    let parents = [
        ("cleanup", "stop"),
        ("drain", "stop"),
        ("lame duck", "stop"),
        ("teardown pool", "cleanup"),
        ("teardown server", "cleanup"),
    ];
    let mut names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    names.sort_unstable();
    // The collector hangs on the flush, so the flush cannot be drawn.
    assert_eq!(names, ["cleanup", "drain", "lame duck", "stop", "teardown pool", "teardown server"]);
    let stop = by_name["stop"];
    assert!(stop.parent_span_id.is_empty(), "{stop:?}");
    for (name, parent) in parents {
        let (span, parent) = (by_name[name], by_name[parent]);
        assert_eq!((&span.parent_span_id, &span.trace_id), (&parent.span_id, &stop.trace_id), "{name}");
        assert!(span.start_time_unix_nano >= parent.start_time_unix_nano, "{name} begins too early");
        assert!(span.end_time_unix_nano <= parent.end_time_unix_nano, "{name} ends too late");
    }
    // The shortest of them sleeps for 50 ms. The observer may be late at the begin, but hardly by 40 ms.
    for span in spans {
        let took = Duration::from_nanos(span.end_time_unix_nano - span.start_time_unix_nano);
        assert!(took > Duration::from_millis(10), "{} took {took:?}", span.name);
    }
    for (first, second) in
        [("lame duck", "drain"), ("drain", "cleanup"), ("teardown pool", "teardown server")]
    {
        assert!(
            by_name[first].end_time_unix_nano <= by_name[second].start_time_unix_nano,
            "{first}, then {second}"
        );
    }
    let error = |span: &Span| text(&span.attributes, "error.type");
    let is_error =
        |span: &Span| span.status.as_ref().is_some_and(|status| status.code() == StatusCode::Error);
    let (pool, server) = (by_name["teardown pool"], by_name["teardown server"]);
    assert_eq!((error(pool).as_deref(), is_error(pool)), (Some("failed"), true));
    assert_eq!(text(&pool.attributes, "otel.component.name").as_deref(), Some("pool"));
    assert_eq!((error(server), is_error(server)), (None, false));
    assert_eq!((error(stop).as_deref(), is_error(stop)), (Some("70"), true));
    assert_eq!(text(&stop.attributes, "process.exit.code").as_deref(), Some("70"));
    let event = pool.events.iter().find(|event| event.name.starts_with("`pool` teardown failed: "));
    let took = text(&event.expect("the event").attributes, "otel.component.shutdown.duration");
    let took: f64 = took.expect("a duration").parse().expect("seconds");
    assert!((0.1..10.0).contains(&took), "{took} s");
}

#[test]
fn r34_the_gauges_of_a_stop_are_pushed_before_the_exporter_is_torn_down() {
    let collector = Collector::start(Protocol::Grpc, Answer::Confirms(Duration::ZERO));
    ready(exporting("pushed", &collector)).stop().exited(0);
    let mut values = BTreeMap::new();
    for export in collector.take::<ExportMetricsServiceRequest>() {
        let of_scope = export.resource_metrics.into_iter().flat_map(|of| of.scope_metrics);
        for metric in of_scope.flat_map(|of| of.metrics) {
            let Some(Data::Gauge(gauge)) = metric.data else { panic!("{} is not a gauge", metric.name) };
            for point in gauge.data_points {
                let Some(number_data_point::Value::AsDouble(value)) = point.value else { panic!("a number") };
                let label = point.attributes.first().map(|label| text(&point.attributes, &label.key));
                values.insert((metric.name.clone(), label.flatten()), value);
            }
        }
    }
    let of = |name: &str, label: Option<&str>| values[&(name.to_owned(), label.map(str::to_owned))];
    assert!(of("lifecycle_stop_duration_seconds", None) > 0.0, "{values:?}");
    let torn_down = ["cleanup", "flush"].iter().any(|stage| of("lifecycle_stage", Some(stage)) > 0.5);
    assert!(torn_down && of("lifecycle_stage", Some("running")) < 0.5, "{values:?}");
    assert!(of("lifecycle_in_flight", Some("tasks")) < 0.5, "{values:?}");
}

/// A service that a Prometheus scrapes.
struct Scraped {
    child: Child,
}

impl Scraped {
    fn start(report: &Path) -> Scraped {
        let program = service("observed/scraped").env("LIFECYCLE_REPORT", report);
        Scraped { child: ready(program.prints_address("gauges at ")) }
    }

    fn get(&self, path: &str) -> String {
        Client::request(self.child.socket_address(), "GET", path).text()
    }

    /// Scrapes until the gauges are as wanted, and returns them.
    #[track_caller]
    fn until(&self, wanted: impl Fn(&Gauges) -> bool) -> Gauges {
        let began = Instant::now();
        loop {
            let text = self.get("/metrics");
            let rows = text.lines().filter_map(|line| line.rsplit_once(' '));
            let gauges =
                rows.filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?))).collect();
            let gauges = Gauges { gauges, text };
            if wanted(&gauges) {
                return gauges;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "{}", gauges.text);
            thread::sleep(Duration::from_millis(5));
        }
    }
}

struct Gauges {
    gauges: BTreeMap<String, f64>,
    text: String,
}

impl Gauges {
    fn get(&self, name: &str) -> Option<f64> {
        self.gauges.get(name).copied()
    }

    fn is(&self, name: &str, value: f64) -> bool {
        self.get(name).is_some_and(|now| (now - value).abs() < 1e-9)
    }

    #[track_caller]
    fn expect(&self, name: &str, value: f64) {
        assert!(self.is(name, value), "{name} is not {value}:\n{}", self.text);
    }
}

const RUNNING: &str = "lifecycle_stage{stage=\"running\"}";
const DRAIN: &str = "lifecycle_stage{stage=\"drain\"}";
const TASKS: &str = "lifecycle_in_flight{kind=\"tasks\"}";
const DURATION: &str = "lifecycle_stop_duration_seconds";

/// A metric of a stop is not lost with the process: the next one has it.
#[test]
fn r35_a_prometheus_sees_the_drain_and_at_the_next_start_how_the_stop_ended() {
    let folder = Folder::new();
    let report = folder.path("report.jsonl");
    let mut first = Scraped::start(&report);
    let gauges = first.until(|gauges| gauges.is(RUNNING, 1.0) && gauges.is(TASKS, 1.0));
    gauges.expect(DURATION, 0.0);
    gauges.expect(DRAIN, 0.0);
    assert!(!gauges.text.contains("lifecycle_last_stop"), "there was no run before:\n{}", gauges.text);
    assert!(
        gauges.text.contains("# HELP lifecycle_stage ")
            && gauges.text.contains("# TYPE lifecycle_stage gauge")
    );
    first.child.signal(SIGTERM);
    let gauges = first.until(|gauges| gauges.is(DRAIN, 1.0));
    gauges.expect(RUNNING, 0.0);
    gauges.expect(TASKS, 1.0);
    // Nothing happens in this drain, and the gauge counts up.
    let early = gauges.get(DURATION).expect("a duration");
    first.until(|gauges| gauges.get(DURATION).is_some_and(|now| now > early + 0.5));
    first.get("/finish");
    first.child.stopped().exited(0);

    let mut second = Scraped::start(&report);
    let gauges = second.until(|gauges| gauges.is("lifecycle_last_stop_killed", 0.0));
    gauges.expect("lifecycle_last_stop_status", 0.0);
    let took = gauges.get("lifecycle_last_stop_duration_seconds").expect("a duration");
    assert!(took > 0.5, "{took} s");
    let at = gauges.get("lifecycle_last_stop_timestamp_seconds").expect("a timestamp");
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64();
    assert!((now - 60.0..=now).contains(&at), "{at} of {now}");
    second.child.signal(SIGTERM);
    second.until(|gauges| gauges.is(DRAIN, 1.0));
    second.child.signal(SIGKILL);
    second.child.stopped().killed_by(SIGKILL);

    let mut third = Scraped::start(&report);
    let gauges = third.until(|gauges| gauges.is("lifecycle_last_stop_killed", 1.0));
    assert_eq!(gauges.get("lifecycle_last_stop_status"), None, "{}", gauges.text);
    assert!(gauges.get("lifecycle_last_stop_duration_seconds").is_some(), "{}", gauges.text);
    third.get("/finish");
    third.child.signal(SIGTERM);
    third.child.stopped().exited(0);
}

#[test]
fn r34_a_recorder_that_hangs_or_panics_delays_nothing_and_is_named() {
    for (fault, note) in [
        ("hangs", "the observer `metrics` did not receive the end of the stop"),
        ("panics", "the observer `metrics` panicked"),
    ] {
        ready(service(&format!("observed/recorder-{fault}")).grace("30s"))
            .stop()
            .exited(0)
            .reported(&[note])
            .within(Duration::from_secs(10));
    }
}
