//! One run of a drill, as plain data. A drill in process and one over a service make the same.

use std::time::Duration;

use super::case::Case;
use crate::testing::report::{ServiceInstance, ServiceReport};

/// The tolerance of the deadline on a paused clock (R9).
const LATE: Duration = Duration::from_millis(10);

/// One run of a [drill](crate::testing::drill()): what was planted, and what became of the stop.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Run {
    /// What happened in the run.
    pub case: Case,
    /// The exit status. `None` if a signal has killed the process.
    pub status: Option<u8>,
    /// The time of the stop.
    pub took: Duration,
    /// The time that the stop was allowed to take.
    pub grace: Duration,
    /// The report. `None` if the process wrote none.
    pub report: Option<ServiceReport>,
    /// The instances that were [released](crate::Managed::release) before the stop. A report does not list them.
    pub released: Vec<ServiceInstance>,
    /// The tolerance of the deadline.
    pub(super) late: Duration,
    /// What the drill has seen apart from the report, a sentence each.
    pub(super) remarks: Vec<String>,
    /// The checks of the user that did not hold: the claim, and why.
    pub(super) broken: Vec<(String, String)>,
}

/// How the teardown of one instance ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ended {
    Well,
    Failed,
    TimedOut,
    NotRun,
}

impl Ended {
    pub(super) fn of(instance: &ServiceInstance) -> Ended {
        match instance.outcome.as_str() {
            "ok" => Ended::Well,
            "timed out" => Ended::TimedOut,
            "not run" => Ended::NotRun,
            unconfirmed if unconfirmed.starts_with("unconfirmed: ") => Ended::Well,
            _ => Ended::Failed,
        }
    }
}

impl Run {
    /// Makes a run of what both kinds of drill know.
    pub(crate) fn new(
        case: Case,
        status: Option<u8>,
        took: Duration,
        grace: Duration,
        report: Option<ServiceReport>,
    ) -> Run {
        Run {
            case,
            status,
            took,
            grace,
            report,
            late: LATE,
            released: Vec::new(),
            remarks: Vec::new(),
            broken: Vec::new(),
        }
    }

    /// Configures the tolerance of the deadline, for a run by the wall clock.
    pub(crate) fn with_tolerance(self, late: Duration) -> Run {
        Run { late, ..self }
    }

    /// Enters the result of a check of the user.
    pub(crate) fn checked(&mut self, claim: &str, result: Result<(), String>) {
        if let Err(why) = result {
            self.broken.push((claim.to_owned(), why));
        }
    }

    /// Returns the rows of the report, and none without a report.
    pub(super) fn rows(&self) -> &[ServiceInstance] {
        self.report.as_ref().map_or(&[], |report| &report.instances)
    }

    /// Returns the rows of the report, and what was released before the stop.
    pub(super) fn all(&self) -> impl Iterator<Item = &ServiceInstance> {
        self.rows().iter().chain(&self.released)
    }

    pub(super) fn cut_off(&self) -> &[String] {
        self.report.as_ref().map_or(&[], |report| &report.cut_off)
    }

    /// Returns the names of the instances, each once, in the order of teardown.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for instance in self.all() {
            if !names.contains(&instance.name) {
                names.push(instance.name.clone());
            }
        }
        names
    }
}
