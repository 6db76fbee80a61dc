//! The report of a service that has ended, read from what it has written.

use std::fmt;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::report::EdgeReport;

/// A report that a service has written, read from the file in `LIFECYCLE_REPORT`, or from a line of JSON on stderr.
///
/// The fields are those of [`Report::to_json`](crate::Report::to_json). The values that a [`Report`](crate::Report) has as
/// types are words here. [`assert_clean!`](crate::assert_clean) and [`assert_torn_down!`](crate::assert_torn_down) take both.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServiceReport {
    /// Why the service stopped.
    pub reason: String,
    /// The exit status.
    pub status: u8,
    /// The time that the stop took.
    pub took: Duration,
    /// The stages of the stop, in order, such as `drain`.
    pub stages: Vec<String>,
    /// Every managed instance, in the order of teardown.
    pub instances: Vec<ServiceInstance>,
    /// The plan: which instances are torn down before which.
    pub edges: Vec<EdgeReport>,
    /// Work that was still running when its time was up.
    pub cut_off: Vec<String>,
    /// Errors, faults of the plan, and remarks.
    pub remarks: Vec<String>,
}

/// An instance in a [`ServiceReport`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServiceInstance {
    /// The name of the instance.
    pub name: String,
    /// When the teardown began, counted from the request to stop. `None` if it never ran.
    pub start: Option<Duration>,
    /// How long the teardown took.
    pub took: Duration,
    /// How the teardown ended: `ok`, `timed out`, or another outcome in words.
    pub outcome: String,
}

impl ServiceReport {
    /// Reads the last report of the process `pid` in the file, else the last one on stderr.
    pub(super) fn read(file: Option<&Path>, pid: u32, stderr: &[String]) -> Option<ServiceReport> {
        let run = format!("{pid}-");
        let sealed = file.and_then(|file| last_sealed(file, &run));
        let on_stderr = || {
            let mut lines = stderr.iter().rev().filter(|line| line.starts_with("{\"reason\":"));
            lines.find_map(|line| serde_json::from_str(line).ok())
        };
        let report = sealed.or_else(on_stderr)?;
        report.is_object().then(|| ServiceReport::of(&report))
    }

    fn of(report: &Value) -> ServiceReport {
        let remarks = ["failures", "faults", "notes"].into_iter().flat_map(|name| texts(&report[name]));
        ServiceReport {
            reason: text(&report["reason"]),
            status: report["status"].as_u64().and_then(|status| u8::try_from(status).ok()).unwrap_or(u8::MAX),
            took: millis(&report["took_ms"]).unwrap_or_default(),
            stages: array(&report["stages"]).iter().map(|stage| text(&stage["stage"])).collect(),
            instances: array(&report["instances"]).iter().map(ServiceInstance::of).collect(),
            edges: array(&report["edges"]).iter().map(edge).collect(),
            cut_off: texts(&report["cut_off"]),
            remarks: remarks.collect(),
        }
    }
}

impl ServiceInstance {
    fn of(instance: &Value) -> ServiceInstance {
        ServiceInstance {
            name: text(&instance["name"]),
            start: millis(&instance["start_ms"]),
            took: millis(&instance["took_ms"]).unwrap_or_default(),
            outcome: text(&instance["outcome"]),
        }
    }
}

impl fmt::Display for ServiceReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}; stopped in {:.1?}, exit status {}", self.reason, self.took, self.status)?;
        for instance in &self.instances {
            let start = instance.start.map_or_else(|| "-".to_owned(), |start| format!("{start:.1?}"));
            let (name, took) = (&instance.name, instance.took);
            writeln!(f, "    {name:<24} {start:>10} +{took:>10.1?}  {}", instance.outcome)?;
        }
        for work in &self.cut_off {
            writeln!(f, "  cut off: {work}")?;
        }
        self.remarks.iter().try_for_each(|remark| writeln!(f, "  {remark}"))
    }
}

/// Returns the last report in the file whose run begins with `run`.
///
/// Only a regular file is read: `/dev/full` has no end, and a pipe may have no writer.
fn last_sealed(path: &Path, run: &str) -> Option<Value> {
    if !path.is_file() {
        return None;
    }
    let lines = BufReader::new(File::open(path).ok()?).split(b'\n').map_while(Result::ok);
    let sealed = lines.filter_map(|line| {
        let mut line = serde_json::from_slice::<Value>(&line).ok()?;
        let own = line["run"].as_str()?.starts_with(run) && line["fact"] == "sealed";
        own.then(|| line["report"].take())
    });
    sealed.last()
}

fn edge(edge: &Value) -> EdgeReport {
    let rows = |rows: &Value| {
        let rows = array(rows).iter().filter_map(Value::as_u64);
        rows.filter_map(|row| usize::try_from(row).ok()).collect()
    };
    EdgeReport { first: rows(&edge["first"]), then: rows(&edge["then"]), why: text(&edge["why"]) }
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn texts(value: &Value) -> Vec<String> {
    array(value).iter().map(text).collect()
}

fn millis(value: &Value) -> Option<Duration> {
    Duration::try_from_secs_f64(value.as_f64()? / 1_000.0).ok()
}
