//! The gauges of the feature `metrics`: the stage, the work in flight, and the last stop (R34, R35).
//!
//! The recorder may be installed after the start, and may forget what is not set for a while. So all gauges are set
//! together, at each fact except those of single teardowns, and at intervals.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};

use super::last_stop::LastStop;
use crate::report::{Fact, FactKind};
use crate::stage::Stage;
use crate::sync::lock;
use crate::sync::thread::Tick;

/// How often the gauges are set while the service runs. Nothing wakes an idle service more often.
const INTERVAL: Duration = Duration::from_secs(5);
/// The same during a stop.
const INTERVAL_OF_A_STOP: Duration = Duration::from_secs(1);

const STAGE: &str = "lifecycle_stage";
const IN_FLIGHT: &str = "lifecycle_in_flight";
const RESTARTS: &str = "lifecycle_supervised_restarts_total";
const SUPERVISED: &str = "lifecycle_supervised_tasks";
const STOP_DURATION: &str = "lifecycle_stop_duration_seconds";
const LAST_STATUS: &str = "lifecycle_last_stop_status";
const LAST_DURATION: &str = "lifecycle_last_stop_duration_seconds";
const LAST_KILLED: &str = "lifecycle_last_stop_killed";
const LAST_TIMESTAMP: &str = "lifecycle_last_stop_timestamp_seconds";

/// The stages that a scrape can meet, by the value of their label.
const STAGES: [(Stage, &str); 5] = [
    (Stage::Running, "running"),
    (Stage::LameDuck, "lame_duck"),
    (Stage::Drain, "drain"),
    (Stage::Cleanup, "cleanup"),
    (Stage::Flush, "flush"),
];

/// The amount of work in flight, by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// The connections of servers, also those without a request.
    pub(crate) connections: usize,
    /// The messages that consumers handle.
    pub(crate) messages: usize,
    /// The tracked tasks, and the tracked closures that may block.
    pub(crate) tasks: usize,
    /// The passes that the program has taken.
    pub(crate) passes: usize,
    /// The supervised tasks, by name.
    pub(crate) supervised: BTreeMap<Cow<'static, str>, SupervisedCount>,
}

/// The supervised tasks of one name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SupervisedCount {
    /// How often they have begun again.
    pub(crate) restarts: u64,
    running: usize,
    waiting: usize,
    given_up: usize,
}

/// What a supervised task does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SupervisedState {
    Running,
    Waiting,
    GivenUp,
    Over,
}

impl SupervisedCount {
    pub(crate) fn add(&mut self, state: SupervisedState) {
        match state {
            SupervisedState::Running => self.running += 1,
            SupervisedState::Waiting => self.waiting += 1,
            SupervisedState::GivenUp => self.given_up += 1,
            SupervisedState::Over => {}
        }
    }
}

/// Counts the work in flight.
type Count = Box<dyn Fn() -> Counts + Send + Sync>;

/// The gauges of the process.
pub(crate) struct Metrics {
    last_stop: Option<LastStop>,
    count: OnceLock<Count>,
    now: Mutex<Now>,
}

#[derive(Clone, Copy)]
struct Now {
    stage: Stage,
    stop: Stop,
}

#[derive(Clone, Copy)]
enum Stop {
    NotBegun,
    Began(Instant),
    Took(Duration),
}

impl Metrics {
    pub(crate) fn new(last_stop: Option<LastStop>) -> Metrics {
        let now = Now { stage: Stage::Running, stop: Stop::NotBegun };
        Metrics { last_stop, count: OnceLock::new(), now: Mutex::new(now) }
    }

    /// Sets what counts the work in flight.
    pub(crate) fn count_with(&self, count: impl Fn() -> Counts + Send + Sync + 'static) {
        let _ = self.count.set(Box::new(count));
    }

    /// Learns of a fact, and sets the gauges.
    pub(crate) fn tell(&self, fact: &Fact) {
        let mut now = lock(&self.now);
        match &fact.kind {
            FactKind::Stopping { .. } => now.stop = Stop::Began(Instant::now()),
            FactKind::Entered { stage } => now.stage = *stage,
            FactKind::Stopped { took, .. } => now.stop = Stop::Took(*took),
            _ => {}
        }
        drop(now);
        self.set();
    }

    /// Returns what sets the gauges at intervals.
    pub(crate) fn tick(self: &Arc<Metrics>) -> Tick {
        let (asked, run) = (Arc::clone(self), Arc::clone(self));
        Tick { every: Box::new(move || asked.interval()), run: Box::new(move || run.set()) }
    }

    fn interval(&self) -> Duration {
        match lock(&self.now).stop {
            Stop::NotBegun => INTERVAL,
            Stop::Began(_) | Stop::Took(_) => INTERVAL_OF_A_STOP,
        }
    }

    /// Sets all gauges. The recorder is code of the program, and no lock is held while it is called.
    fn set(&self) {
        describe();
        let now = *lock(&self.now);
        for (stage, label) in STAGES {
            gauge!(STAGE, "stage" => label).set(if stage == now.stage { 1.0 } else { 0.0 });
        }
        let took = match now.stop {
            Stop::NotBegun => Duration::ZERO,
            Stop::Began(began) => began.elapsed(),
            Stop::Took(took) => took,
        };
        gauge!(STOP_DURATION).set(took.as_secs_f64());
        if let Some(count) = self.count.get() {
            let Counts { connections, messages, tasks, passes, supervised } = count();
            for (kind, count) in
                [("connections", connections), ("messages", messages), ("tasks", tasks), ("passes", passes)]
            {
                gauge!(IN_FLIGHT, "kind" => kind).set(number(count));
            }
            for (task, count) in supervised {
                counter!(RESTARTS, "task" => task.clone()).absolute(count.restarts);
                let states =
                    [("running", count.running), ("waiting", count.waiting), ("given_up", count.given_up)];
                for (state, count) in states {
                    gauge!(SUPERVISED, "task" => task.clone(), "state" => state).set(number(count));
                }
            }
        }
        if let Some(last) = &self.last_stop {
            gauge!(LAST_KILLED).set(if last.status.is_none() { 1.0 } else { 0.0 });
            if let Some(status) = last.status {
                gauge!(LAST_STATUS).set(f64::from(status));
            }
            gauge!(LAST_DURATION).set(last.took.as_secs_f64());
            let at = last.at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            gauge!(LAST_TIMESTAMP).set(at.as_secs_f64());
        }
    }
}

fn describe() {
    describe_gauge!(STAGE, "1 for the stage of the process, 0 for the others");
    describe_gauge!(IN_FLIGHT, Unit::Count, "The work that a stop waits for, by kind");
    describe_counter!(RESTARTS, Unit::Count, "How often the supervised tasks of a name have begun again");
    describe_gauge!(SUPERVISED, Unit::Count, "The supervised tasks of a name, by state");
    describe_gauge!(STOP_DURATION, Unit::Seconds, "How long the stop has lasted so far, and 0 before a stop");
    describe_gauge!(LAST_STATUS, "The exit status of the last run, if it was not killed");
    describe_gauge!(
        LAST_DURATION,
        Unit::Seconds,
        "How long the stop of the last run lasted, as far as known"
    );
    describe_gauge!(LAST_KILLED, "1 if the last run was killed or has crashed, 0 if its stop ended");
    describe_gauge!(LAST_TIMESTAMP, Unit::Seconds, "The end of the last run, as a Unix time");
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::collections::BTreeMap;

    use metrics::{
        Counter, CounterFn, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString,
    };

    use super::*;
    use crate::report::Reason;

    /// The gauges that were set, by name and label, and the units of those that were described.
    #[derive(Clone, Default)]
    struct Recorded(Arc<Mutex<BTreeMap<String, f64>>>, Arc<Mutex<BTreeMap<String, Option<Unit>>>>);

    struct Cell(String, Recorded);

    impl GaugeFn for Cell {
        fn increment(&self, _: f64) {}

        fn decrement(&self, _: f64) {}

        fn set(&self, value: f64) {
            lock(&self.1.0).insert(self.0.clone(), value);
        }
    }

    impl CounterFn for Cell {
        fn increment(&self, _: u64) {}

        fn absolute(&self, value: u64) {
            let value = u32::try_from(value).map_or(f64::NAN, f64::from);
            lock(&self.1.0).insert(self.0.clone(), value);
        }
    }

    fn named(key: &Key) -> String {
        let labels = key.labels().map(|label| format!("{}={}", label.key(), label.value()));
        [key.name().to_owned()].into_iter().chain(labels).collect::<Vec<_>>().join(" ")
    }

    impl Recorder for Recorded {
        fn describe_counter(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
            lock(&self.1).insert(name.as_str().to_owned(), unit);
        }

        fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
            lock(&self.1).insert(name.as_str().to_owned(), unit);
        }

        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
            Counter::from_arc(Arc::new(Cell(named(key), self.clone())))
        }

        fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::from_arc(Arc::new(Cell(named(key), self.clone())))
        }

        fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::noop()
        }
    }

    impl Recorded {
        /// Returns the gauges that are set while this runs, and forgets those from before.
        fn of(&self, run: impl FnOnce()) -> BTreeMap<String, f64> {
            lock(&self.0).clear();
            metrics::with_local_recorder(self, run);
            lock(&self.0).clone()
        }
    }

    fn told(kind: FactKind) -> Fact {
        Fact { at: Duration::ZERO, kind }
    }

    fn last_stop(status: Option<u8>) -> LastStop {
        LastStop {
            pid: 7,
            at: SystemTime::UNIX_EPOCH + Duration::from_millis(1_500),
            status,
            reason: None,
            took: Duration::from_secs(3),
            stage: None,
            open: Vec::new(),
        }
    }

    fn stages(gauges: &BTreeMap<String, f64>) -> Vec<&str> {
        let is_now = |label: &&str| gauges[&format!("{STAGE} stage={label}")] > 0.5;
        STAGES.iter().map(|(_, label)| *label).filter(is_now).collect()
    }

    #[test]
    fn r34_one_stage_is_1_and_the_others_are_0() {
        let (recorded, metrics) = (Recorded::default(), Metrics::new(None));
        assert_eq!(stages(&recorded.of(|| metrics.tell(&told(FactKind::Ready)))), ["running"]);
        for (stage, label) in STAGES.into_iter().skip(1) {
            let gauges = recorded.of(|| metrics.tell(&told(FactKind::Entered { stage })));
            assert_eq!(stages(&gauges), [label]);
        }
    }

    /// A recorder that is installed late has them all at the next interval.
    #[test]
    fn r34_every_gauge_is_set_at_each_interval_and_described() {
        let (recorded, metrics) = (Recorded::default(), Arc::new(Metrics::new(Some(last_stop(Some(70))))));
        metrics.count_with(|| {
            let mut sync = SupervisedCount { restarts: 5, ..SupervisedCount::default() };
            for state in [SupervisedState::Running, SupervisedState::Waiting, SupervisedState::Waiting] {
                sync.add(state);
            }
            sync.add(SupervisedState::Over);
            let supervised = [("sync".into(), sync)].into();
            Counts { connections: 4, messages: 3, tasks: 2, passes: 1, supervised }
        });
        metrics.tell(&told(FactKind::Ready));
        let tick = metrics.tick();
        let gauges = recorded.of(|| (tick.run)());
        let names: Vec<(&str, f64)> = gauges.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        let expected = [
            ("lifecycle_in_flight kind=connections", 4.0),
            ("lifecycle_in_flight kind=messages", 3.0),
            ("lifecycle_in_flight kind=passes", 1.0),
            ("lifecycle_in_flight kind=tasks", 2.0),
            ("lifecycle_last_stop_duration_seconds", 3.0),
            ("lifecycle_last_stop_killed", 0.0),
            ("lifecycle_last_stop_status", 70.0),
            ("lifecycle_last_stop_timestamp_seconds", 1.5),
            ("lifecycle_stage stage=cleanup", 0.0),
            ("lifecycle_stage stage=drain", 0.0),
            ("lifecycle_stage stage=flush", 0.0),
            ("lifecycle_stage stage=lame_duck", 0.0),
            ("lifecycle_stage stage=running", 1.0),
            ("lifecycle_stop_duration_seconds", 0.0),
            ("lifecycle_supervised_restarts_total task=sync", 5.0),
            ("lifecycle_supervised_tasks task=sync state=given_up", 0.0),
            ("lifecycle_supervised_tasks task=sync state=running", 1.0),
            ("lifecycle_supervised_tasks task=sync state=waiting", 2.0),
        ];
        assert_eq!(names, expected);
        for (name, unit) in &*lock(&recorded.1) {
            assert!(gauges.keys().any(|gauge| gauge.split(' ').next() == Some(name)), "{name}");
            assert_eq!(*unit == Some(Unit::Seconds), name.ends_with("_seconds"), "{name}");
        }
        assert_eq!(lock(&recorded.1).len(), 9);
    }

    /// The report file does not tell the status of a process that was killed.
    #[test]
    fn r35_a_run_that_was_killed_has_no_status() {
        let (recorded, metrics) = (Recorded::default(), Metrics::new(Some(last_stop(None))));
        let gauges = recorded.of(|| metrics.tell(&told(FactKind::Started)));
        assert!(gauges[LAST_KILLED] > 0.5 && !gauges.contains_key(LAST_STATUS), "{gauges:?}");
    }

    /// The thread wakes an idle service every 5 s, and sets the gauges of a stop every second.
    #[test]
    fn r34_the_duration_of_the_stop_counts_up_and_then_stands() {
        let (recorded, metrics) = (Recorded::default(), Arc::new(Metrics::new(None)));
        let duration = |gauges: BTreeMap<String, f64>| Duration::from_secs_f64(gauges[STOP_DURATION]);
        let tick = metrics.tick();
        assert_eq!((tick.every)(), Duration::from_secs(5));
        let stopping = FactKind::Stopping { reason: Reason::MainEnded, left: Duration::ZERO };
        let first = duration(recorded.of(|| metrics.tell(&told(stopping))));
        assert_eq!((tick.every)(), Duration::from_secs(1));
        assert!(duration(recorded.of(|| (tick.run)())) > first);
        let took = Duration::from_secs(9);
        assert_eq!(
            duration(recorded.of(|| metrics.tell(&told(FactKind::Stopped { took, status: 0 })))),
            took
        );
        assert_eq!(duration(recorded.of(|| (tick.run)())), took);
    }
}
