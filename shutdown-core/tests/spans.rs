//! R34: the spans of a stop have the right parents, in the right order, and the events have OpenTelemetry's names.
#![cfg(not(loom))]

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lifecycle::{Builder, Deferred, Lifecycle, Report};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// The fields of one span or of one event.
#[derive(Clone, Debug, Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

impl Fields {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

struct Span {
    path: String,
    fields: Fields,
    handles: usize,
    is_closed: bool,
}

struct Logged {
    level: Level,
    path: String,
    fields: Fields,
}

#[derive(Default)]
struct Recorded {
    spans: Vec<Span>,
    events: Vec<Logged>,
    /// What was opened and closed, in order.
    steps: Vec<String>,
}

/// A subscriber that keeps everything. It refuses what tracing's registry panics at.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Recorded>>);

impl Recorder {
    /// Runs the lifecycle of `builder` in a subscriber of this thread.
    async fn stopped<T: lifecycle::MainOutput>(
        &self,
        builder: Builder,
        main: impl Future<Output = T>,
    ) -> Report {
        let _guard = tracing::subscriber::set_default(self.clone());
        builder.run(main).await
    }

    fn steps(&self) -> Vec<String> {
        self.0.lock().unwrap().steps.clone()
    }

    #[track_caller]
    fn span(&self, path: &str) -> Fields {
        let recorded = self.0.lock().unwrap();
        let span = recorded.spans.iter().find(|span| span.path == path);
        span.unwrap_or_else(|| panic!("no span {path} in {:?}", recorded.steps)).fields.clone()
    }

    /// Returns the level, the place and the fields of the event whose message begins so.
    #[track_caller]
    fn event(&self, begin: &str) -> (Level, String, Fields) {
        let recorded = self.0.lock().unwrap();
        let is_it = |event: &&Logged| event.fields.get("message").is_some_and(|text| text.starts_with(begin));
        let event = recorded.events.iter().find(is_it).unwrap_or_else(|| panic!("no event `{begin}`"));
        (event.level, event.path.clone(), event.fields.clone())
    }
}

impl Recorded {
    fn place(&self, parent: Option<&Id>) -> String {
        let at = |id: &Id| usize::try_from(id.into_u64()).expect("an id") - 1;
        parent.map_or_else(String::new, |parent| {
            let span = &self.spans[at(parent)];
            assert!(!span.is_closed, "{} is closed", span.path);
            format!("{}/", span.path)
        })
    }

    fn span(&mut self, id: &Id) -> &mut Span {
        &mut self.spans[usize::try_from(id.into_u64()).expect("an id") - 1]
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "lifecycle"
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let mut recorded = self.0.lock().unwrap();
        assert!(!attributes.is_contextual());
        let name = fields.get("otel.name").unwrap_or(attributes.metadata().name());
        let path = format!("{}{name}", recorded.place(attributes.parent()));
        recorded.steps.push(format!("+ {path}"));
        recorded.spans.push(Span { path, fields, handles: 1, is_closed: false });
        Id::from_u64(recorded.spans.len() as u64)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        let mut recorded = self.0.lock().unwrap();
        let span = recorded.span(id);
        assert!(!span.is_closed);
        values.record(&mut span.fields);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let mut recorded = self.0.lock().unwrap();
        let path = recorded.place(event.parent());
        recorded.events.push(Logged { level: *event.metadata().level(), path, fields });
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}

    fn clone_span(&self, id: &Id) -> Id {
        self.0.lock().unwrap().span(id).handles += 1;
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        let mut recorded = self.0.lock().unwrap();
        let span = recorded.span(&id);
        span.handles -= 1;
        span.is_closed = span.handles == 0;
        if span.is_closed {
            let step = format!("- {}", span.path);
            recorded.steps.push(step);
            return true;
        }
        false
    }
}

fn builder() -> Builder {
    Lifecycle::builder().grace(Duration::from_secs(10)).lame_duck(Duration::from_secs(1))
}

async fn broken() -> Result<(), &'static str> {
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    Err("the server is gone")
}

#[tokio::test(start_paused = true)]
async fn r34_the_stop_is_a_tree_of_spans_which_is_closed_before_the_flush() {
    let recorder = Recorder::default();
    let main = async {
        Deferred::new("logs").last().run(|| async {});
        Deferred::new("pool").order(1).run(broken);
        Deferred::new("server").order(2).run(|| async {});
        lifecycle::ready();
        lifecycle::shutdown("enough");
        lifecycle::stopping().await;
    };
    let report = recorder.stopped(builder(), main).await;
    assert_eq!(report.exit_status(), 70);
    let steps = [
        "+ stop",
        "+ stop/lame duck",
        "- stop/lame duck",
        "+ stop/drain",
        "- stop/drain",
        "+ stop/cleanup",
        "+ stop/cleanup/teardown pool",
        "- stop/cleanup/teardown pool",
        "+ stop/cleanup/teardown server",
        "- stop/cleanup/teardown server",
        "- stop/cleanup",
        "- stop",
    ];
    assert_eq!(recorder.steps(), steps);

    let pool = recorder.span("stop/cleanup/teardown pool");
    assert_eq!(pool.get("otel.component.name"), Some("pool"));
    assert_eq!(pool.get("otel.component.type"), Some("lifecycle.instance"));
    assert_eq!(pool.get("error.type"), Some("failed"));
    assert_eq!(pool.get("otel.status_code"), Some("ERROR"));
    assert_eq!(pool.get("otel.status_description"), Some("teardown failed: the server is gone"));
    let server = recorder.span("stop/cleanup/teardown server");
    assert_eq!((server.get("error.type"), server.get("otel.status_code")), (None, None));
    assert_eq!(recorder.span("stop/drain").get("lifecycle.stage"), Some("drain"));
    let stop = recorder.span("stop");
    assert_eq!((stop.get("process.exit.code"), stop.get("error.type")), (Some("70"), Some("70")));
    assert_eq!(stop.get("lifecycle.reason"), Some("shutdown requested: enough"));
}

#[tokio::test(start_paused = true)]
async fn r34_each_teardown_and_the_stop_are_events_with_the_names_of_opentelemetry() {
    let recorder = Recorder::default();
    let main = async {
        Deferred::new("logs").last().run(|| async {});
        lifecycle::defer("pool", broken);
        lifecycle::defer("server", || tokio::time::sleep(Duration::from_millis(250)));
    };
    drop(recorder.stopped(builder(), main).await);

    let (level, place, pool) = recorder.event("`pool` ");
    assert_eq!((level, &*place), (Level::WARN, "stop/cleanup/teardown pool/"));
    assert_eq!(pool.get("message"), Some("`pool` teardown failed: the server is gone"));
    assert_eq!(pool.get("otel.component.name"), Some("pool"));
    assert_eq!(pool.get("otel.component.type"), Some("lifecycle.instance"));
    assert_eq!(pool.get("error.type"), Some("failed"));
    assert_eq!(pool.get("otel.component.shutdown.duration"), Some("1.5"));

    let (level, place, server) = recorder.event("`server` ");
    assert_eq!((level, &*place), (Level::INFO, "stop/cleanup/teardown server/"));
    assert_eq!(
        (server.get("error.type"), server.get("otel.component.shutdown.duration")),
        (None, Some("0.25"))
    );

    let (level, place, stopped) = recorder.event("stopped");
    assert_eq!((level, &*place), (Level::WARN, "stop/"));
    assert_eq!((stopped.get("error.type"), stopped.get("status")), (Some("70"), Some("70")));
    assert_eq!(stopped.get("otel.component.shutdown.duration"), Some("1.5"));
    assert_eq!(stopped.get("otel.component.name"), Some("lifecycle"));

    // The flush comes after the last span.
    let (level, place, _) = recorder.event("`logs` ");
    assert_eq!((level, &*place), (Level::INFO, ""));
}

/// The names are equal, and the teardowns end in the other order.
#[tokio::test(start_paused = true)]
async fn r34_two_instances_of_one_name_have_a_span_each() {
    let recorder = Recorder::default();
    let main = async {
        lifecycle::defer("pool", broken);
        lifecycle::defer("pool", || tokio::time::sleep(Duration::from_millis(250)));
    };
    drop(recorder.stopped(builder(), main).await);
    let recorded = recorder.0.lock().unwrap();
    let pools: Vec<&Span> =
        recorded.spans.iter().filter(|span| span.path == "stop/cleanup/teardown pool").collect();
    let errors: Vec<_> = pools.iter().map(|span| span.fields.get("error.type")).collect();
    assert_eq!(errors, [Some("failed"), None]);
    let took: Vec<_> = recorded
        .events
        .iter()
        .filter_map(|event| event.fields.get("otel.component.shutdown.duration"))
        .collect();
    assert_eq!(took, ["0.25", "1.5", "1.5"]);
}

/// What is cut off: a task at the end of the drain, a teardown at its limit.
#[tokio::test(start_paused = true)]
async fn r34_what_is_cut_off_is_the_error_timeout() {
    let recorder = Recorder::default();
    let main = async {
        Deferred::new("hangs").timeout(Duration::from_millis(300)).run(std::future::pending::<()>);
        lifecycle::spawn(std::future::pending::<()>());
    };
    drop(recorder.stopped(builder(), main).await);
    assert_eq!(recorder.span("stop/drain").get("error.type"), Some("timeout"));
    let (level, place, cut_off) = recorder.event("the time of the drain is up");
    assert_eq!((level, &*place, cut_off.get("error.type")), (Level::WARN, "stop/drain/", Some("timeout")));
    let (level, _, hangs) = recorder.event("`hangs` timed out");
    assert_eq!((level, hangs.get("error.type")), (Level::WARN, Some("timeout")));
    assert_eq!(hangs.get("otel.component.shutdown.duration"), Some("0.3"));
    let hangs = recorder.span("stop/cleanup/teardown hangs");
    assert_eq!(hangs.get("error.type"), Some("timeout"));
    assert_eq!(recorder.steps().last().map(String::as_str), Some("- stop"));
}

/// A release is not a part of a stop. One that still runs in the stop keeps its own span.
#[tokio::test(start_paused = true)]
async fn r34_a_release_before_the_stop_is_a_span_of_its_own() {
    #[lifecycle::resource]
    struct Pool;

    #[lifecycle::teardown]
    impl lifecycle::Teardown for Pool {
        async fn teardown(&self) {
            tokio::time::sleep(Duration::from_millis(1_500)).await;
        }
    }

    let recorder = Recorder::default();
    let main = async {
        lifecycle::manage_as("old", Pool).release().await.unwrap();
        let new = lifecycle::manage_as("new", Pool);
        tokio::spawn(async move { drop(new.release().await) });
        tokio::time::sleep(Duration::from_millis(1)).await;
    };
    drop(recorder.stopped(builder(), main).await);
    let steps = recorder.steps();
    assert_eq!(steps[..3], ["+ teardown old", "- teardown old", "+ teardown new"]);
    assert!(steps.contains(&"- teardown new".to_owned()), "{steps:?}");
}
