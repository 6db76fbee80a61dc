//! R34: observers receive what happens, in order, and none can delay a stop.
#![cfg(not(loom))]

use std::future::pending;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lifecycle::{Builder, Deferred, Fact, FactKind, Lifecycle, Outcome, Report};

const GRACE: Duration = Duration::from_secs(10);

fn builder() -> Builder {
    Lifecycle::builder().grace(GRACE)
}

/// Adds an observer that passes each fact on.
fn observed(builder: Builder) -> (Builder, Receiver<Fact>) {
    let (sender, facts) = mpsc::channel();
    let observe = move |fact: &Fact| drop(sender.send(fact.clone()));
    (builder.observer("facts", observe), facts)
}

fn text(fact: &Fact) -> String {
    match &fact.kind {
        FactKind::Started => "started".into(),
        FactKind::Ready => "ready".into(),
        FactKind::Stopping { reason, left, .. } => format!("stopping: {reason}, {left:?} left"),
        FactKind::Entered { stage, .. } => format!("{stage}"),
        FactKind::Waiting { stage, names, left, .. } => format!("{stage} waits for {names:?}, {left:?} left"),
        FactKind::CutOff { stragglers, .. } => format!("cut off {}", stragglers.len()),
        FactKind::TeardownBegan { name, .. } => format!("began {name}"),
        FactKind::TeardownEnded { name, outcome, .. } => format!("ended {name}: {outcome}"),
        FactKind::Unconfirmed { name, reasons, .. } => format!("unconfirmed {name}: {}", reasons[0].reason),
        FactKind::Stopped { status, .. } => format!("stopped {status}"),
        FactKind::Sealed { report, .. } => format!("sealed {}", report.exit_status()),
        other => format!("{other:?}"),
    }
}

fn texts(facts: &Receiver<Fact>) -> Vec<String> {
    facts.try_iter().map(|fact| text(&fact)).collect()
}

#[tokio::test(start_paused = true)]
async fn r34_facts_come_in_the_order_of_their_causes() {
    let (builder, facts) = observed(builder().lame_duck(Duration::from_secs(1)));
    let main = async {
        Deferred::new("logs").last().run(|| async {});
        lifecycle::defer("pool", || async { Err::<(), _>("the server is gone") });
        lifecycle::ready();
        lifecycle::shutdown("enough");
        lifecycle::stopping().await;
    };
    drop(builder.run(main).await);
    assert_eq!(
        texts(&facts),
        [
            "started",
            "ready",
            "stopping: shutdown requested: enough, 10s left",
            "lame duck",
            "drain",
            "cleanup",
            "began pool",
            "ended pool: teardown failed: the server is gone",
            "stopped 70",
            "flush",
            "began logs",
            "ended logs: ok",
            "sealed 70"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn r34_what_is_waited_for_and_cut_off_is_told_once() {
    let (builder, facts) = observed(builder());
    let main = async {
        lifecycle::spawn(pending::<()>());
        Deferred::new("slow").timeout(Duration::from_secs(1)).run(pending::<()>);
        lifecycle::ready();
    };
    drop(builder.run(main).await);
    let facts = texts(&facts);
    let count = |what: &str| facts.iter().filter(|fact| fact.starts_with(what)).count();
    assert_eq!(count("drain waits for"), 1, "{facts:#?}");
    assert_eq!(count("cut off 1"), 1, "{facts:#?}");
    assert_eq!(count("ended slow: timed out"), 1, "{facts:#?}");
    assert_eq!(count("ended"), 1, "the teardown is dropped later, and ends once: {facts:#?}");
    assert_eq!(count("stopped 70"), 1, "{facts:#?}");
}

/// A log that is flushed in the flush has the end of the stop. Only a failure of the flush itself comes after it.
#[tokio::test(start_paused = true)]
async fn the_end_is_told_before_the_flush_and_again_if_the_flush_fails() {
    for (fails, after) in [(false, vec![]), (true, vec!["stopped 70"])] {
        let (builder, facts) = observed(builder());
        let main = async move {
            let flush = move || async move { if fails { Err("the disk is full") } else { Ok(()) } };
            Deferred::new("logs").last().run(flush);
        };
        drop(builder.run(main).await);
        let facts = texts(&facts);
        let at = |what: &str| facts.iter().position(|fact| fact.starts_with(what)).expect(what);
        assert!(at("stopped 0") < at("began logs"), "{facts:#?}");
        assert_eq!(facts[at("ended logs") + 1..facts.len() - 1], after, "{facts:#?}");
    }
}

#[lifecycle::resource]
struct Pool;

#[lifecycle::teardown]
impl lifecycle::Teardown for Pool {
    async fn teardown(&self) {}
}

/// A teardown outside of a stop is told as well.
#[tokio::test(start_paused = true)]
async fn a_release_before_the_stop_is_told() {
    let (builder, facts) = observed(builder());
    let main = async {
        lifecycle::manage(Pool).release().await.expect("a release");
        lifecycle::ready();
    };
    drop(builder.run(main).await);
    let facts = texts(&facts);
    assert_eq!(facts[1..4], ["began Pool", "ended Pool: ok", "ready"], "{facts:#?}");
}

/// Runs a stop with one instance. Returns the report, and how long the run took.
async fn timed(builder: Builder) -> (Report, Duration) {
    let begun = Instant::now();
    let report = builder
        .run(async {
            lifecycle::defer("pool", || async {});
        })
        .await;
    (report, begun.elapsed())
}

#[track_caller]
fn well_but_for(report: &Report, note: &str) {
    assert_eq!(report.exit_status(), 0, "{report}");
    assert_eq!(report.instances[0].outcome, Outcome::Ok);
    assert_eq!(report.notes, [note]);
}

#[tokio::test]
async fn r34_an_observer_that_hangs_delays_nothing_and_is_named() {
    let (hang, until) = mpsc::channel::<()>();
    let until = Mutex::new(until);
    let (builder, facts) = observed(builder().observer("stuck", move |_| {
        let _ = until.lock().unwrap().recv();
    }));
    let (report, took) = timed(builder).await;
    well_but_for(&report, "the observer `stuck` did not receive the end of the stop: it is slow, or hangs");
    assert!(report.took < took, "the observers are waited for after the stop");
    assert_eq!(texts(&facts).last().expect("another observer"), "sealed 0");
    drop(hang);
}

#[tokio::test]
async fn r34_an_observer_that_panics_receives_the_next_fact_and_is_named() {
    let (sender, facts) = mpsc::channel();
    let builder = builder().observer("faulty", move |fact| {
        sender.send(fact.clone()).unwrap();
        std::panic::resume_unwind(Box::new("a bug"));
    });
    let (report, _) = timed(builder).await;
    well_but_for(&report, "the observer `faulty` panicked");
    assert_eq!(texts(&facts).last().expect("every fact"), "sealed 0");
}

/// The queue is bounded: 4,000 teardowns are 8,000 facts. The report arrives in any case.
#[tokio::test]
async fn r34_an_observer_that_is_too_slow_loses_facts_but_not_the_report() {
    let (last, over) = mpsc::channel::<()>();
    let over = Arc::new(Mutex::new(Some(over)));
    let (sender, facts) = mpsc::channel();
    let builder = builder().observer("slow", move |fact| {
        // Waits at the first fact only, until the last teardown has ended.
        if let Some(over) = over.lock().unwrap().take() {
            let _ = over.recv();
        }
        sender.send(fact.clone()).unwrap();
    });
    let main = async move {
        Deferred::new("the end").last().run(move || async move { drop(last) });
        for _ in 0..4_000 {
            lifecycle::defer("one of many", || async {});
        }
    };
    let report = builder.run(main).await;
    assert_eq!(report.exit_status(), 0);
    let note = report.notes.first().expect("a note");
    assert!(note.starts_with("the observer `slow` was too slow for "), "{note}");
    let facts = texts(&facts);
    assert_eq!(facts.last().expect("some facts"), "sealed 0");
    // The first fact, a full queue, and what is told after the observer goes on: the end of `the end`, and the report.
    assert!(facts.len() <= 1 + 1_024 + 2, "{} facts: the queue has no bound", facts.len());
}
