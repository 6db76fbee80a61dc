//! `serde::Serialize` for a report, with the fields of [`Report::to_json`].

use std::fmt::Display;
use std::time::Duration;

use serde::ser::{Serialize, SerializeStruct as _, Serializer};

use super::{
    AtNoticeReport, EdgeReport, Failure, InstanceReport, MainOutcome, Outcome, Reason, Report, StageReport,
    Straggler,
};
use crate::stage::Stage;

/// Serializes a report with the fields of [`Report::to_json`].
impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Report", 13)?;
        fields.serialize_field("reason", &self.reason)?;
        fields.serialize_field("status", &self.exit_status())?;
        fields.serialize_field("grace_ms", &millis(self.grace))?;
        fields.serialize_field("took_ms", &millis(self.took))?;
        fields.serialize_field("stages", &self.stages)?;
        fields.serialize_field("instances", &self.instances)?;
        fields.serialize_field("cut_off", &self.stragglers)?;
        fields.serialize_field("main", &self.main)?;
        fields.serialize_field("panicked_tasks", &self.panicked_tasks)?;
        fields.serialize_field("failures", &self.failures)?;
        fields.serialize_field("faults", &self.faults)?;
        fields.serialize_field("notes", &self.notes)?;
        fields.serialize_field("edges", &self.edges)?;
        fields.end()
    }
}

/// Serializes a stage as `stage`, `start_ms` and `took_ms`.
impl Serialize for StageReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("StageReport", 3)?;
        fields.serialize_field("stage", &self.stage)?;
        fields.serialize_field("start_ms", &millis(self.start))?;
        fields.serialize_field("took_ms", &millis(self.took))?;
        fields.end()
    }
}

/// Serializes an instance as one element of `instances` in [`Report::to_json`].
impl Serialize for InstanceReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("InstanceReport", 8)?;
        fields.serialize_field("name", &self.name)?;
        fields.serialize_field("managed_at", &Words(self.location))?;
        fields.serialize_field("last", &self.last)?;
        fields.serialize_field("late", &self.late)?;
        fields.serialize_field("start_ms", &self.start.map(millis))?;
        fields.serialize_field("took_ms", &millis(self.took))?;
        fields.serialize_field("outcome", &self.outcome)?;
        fields.serialize_field("at_notice", &self.at_notice)?;
        fields.end()
    }
}

/// Serializes a hook at the notice as `start_ms`, `took_ms` and `outcome`.
impl Serialize for AtNoticeReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("AtNoticeReport", 3)?;
        fields.serialize_field("start_ms", &millis(self.start))?;
        fields.serialize_field("took_ms", &millis(self.took))?;
        fields.serialize_field("outcome", &self.outcome)?;
        fields.end()
    }
}

/// Serializes an edge as `first`, `then` and `why`.
impl Serialize for EdgeReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("EdgeReport", 3)?;
        fields.serialize_field("first", &self.first)?;
        fields.serialize_field("then", &self.then)?;
        fields.serialize_field("why", &self.why)?;
        fields.end()
    }
}

macro_rules! in_words {
    ($($part:ty),+) => {$(
        /// Serializes the text of its `Display`.
        impl Serialize for $part {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    )+};
}

in_words!(Stage, Reason, MainOutcome, Outcome, Failure, Straggler);

struct Words<T>(T);

impl<T: Display> Serialize for Words<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Milliseconds with three decimals.
#[expect(clippy::cast_precision_loss, reason = "exact below 285 years")]
fn millis(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1_000.0
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::panic::Location;

    use serde_json::{Value, from_str, to_value};

    use super::*;
    use crate::report::{FailureKind, Unconfirmed};

    fn everything() -> Report {
        let ms = Duration::from_micros;
        let location = Location::caller();
        let failure = |kind| Failure { step: "pool", kind, message: "line\n\"quoted\" \u{1}".to_owned() };
        let unconfirmed = || Unconfirmed { step: "socket", reason: "nobody \"answered\"".to_owned() };
        let instance = |start: Option<Duration>, outcome| InstanceReport {
            name: "a".into(),
            location,
            last: start.is_none(),
            late: start.is_some(),
            start,
            took: ms(1_234_567),
            outcome,
            at_notice: start.map(|start| AtNoticeReport {
                start,
                took: ms(5_001),
                outcome: Outcome::TimedOut,
            }),
        };
        Report {
            reason: Reason::Signal { number: libc::SIGTERM, sender: Some(1) },
            grace: Duration::from_secs(25),
            took: ms(7),
            stages: vec![StageReport { stage: Stage::LameDuck, start: ms(0), took: ms(1_001) }],
            instances: vec![
                instance(None, Outcome::NotRun),
                instance(Some(ms(10)), Outcome::Ok),
                instance(
                    Some(ms(999_999)),
                    Outcome::Failed {
                        failures: vec![failure(FailureKind::Error), failure(FailureKind::Panic)],
                        unconfirmed: vec![unconfirmed()],
                    },
                ),
                instance(Some(ms(10)), Outcome::Unconfirmed { reasons: vec![unconfirmed(), unconfirmed()] }),
            ],
            stragglers: vec![
                Straggler::Main,
                Straggler::Tasks { name: None, location, count: 1, idle: false },
                Straggler::Tasks { name: Some("a".into()), location, count: 2, idle: true },
                Straggler::Blocking { location, count: 2 },
                Straggler::InFlight { doing: "GET /".to_owned(), count: 3 },
                Straggler::Passes { count: 4 },
            ],
            main: Some(MainOutcome::Failed { error: "no broker".to_owned() }),
            panicked_tasks: 2,
            failures: vec!["b".to_owned()],
            faults: vec!["c".to_owned()],
            notes: vec!["d".to_owned()],
            edges: vec![EdgeReport { first: vec![0, 1], then: vec![2], why: "field `a`".to_owned() }],
        }
    }

    #[track_caller]
    fn is_the_same(report: &Report) {
        let ours: Value = from_str(&report.to_json()).expect("`to_json` writes JSON");
        assert_eq!(to_value(report).expect("it serializes"), ours);
    }

    #[test]
    fn serde_and_to_json_have_the_same_fields_and_values() {
        let mut report = everything();
        is_the_same(&report);
        report.main = None;
        report.instances.clear();
        is_the_same(&report);
    }
}
