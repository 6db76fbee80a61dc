//! The gauges of the feature `metrics`: the stage, the work in flight, and the last stop (R34, R35).
//!
//! The recorder may be installed after the start, and may forget what is not set for a while. So all gauges are set
//! together, at each fact except those of single teardowns, and at intervals.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use metrics::{Unit, describe_gauge, gauge};

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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// The connections of servers, also those without a request.
    pub(crate) connections: usize,
    /// The messages that consumers handle.
    pub(crate) messages: usize,
    /// The tracked tasks, and the tracked closures that may block.
    pub(crate) tasks: usize,
    /// The passes that the program has taken.
    pub(crate) passes: usize,
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
            // There may be thousands.
            FactKind::TeardownBegan { .. } | FactKind::TeardownEnded { .. } => return,
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
            let Counts { connections, messages, tasks, passes } = count();
            for (kind, count) in
                [("connections", connections), ("messages", messages), ("tasks", tasks), ("passes", passes)]
            {
                gauge!(IN_FLIGHT, "kind" => kind).set(number(count));
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
    describe_gauge!(STAGE, Unit::Count, "1 for the stage of the process, 0 for the others");
    describe_gauge!(IN_FLIGHT, Unit::Count, "The work that a stop waits for, by kind");
    describe_gauge!(STOP_DURATION, Unit::Seconds, "How long the stop has lasted so far; 0 before a stop");
    describe_gauge!(LAST_STATUS, Unit::Count, "The exit status of the last run, unless it was killed");
    describe_gauge!(LAST_DURATION, Unit::Seconds, "How long the stop of the last run lasted, as far as known");
    describe_gauge!(LAST_KILLED, Unit::Count, "1 if the last run was killed or has crashed, 0 if its stop ended");
    describe_gauge!(LAST_TIMESTAMP, Unit::Seconds, "The end of the last run, as a Unix time");
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
