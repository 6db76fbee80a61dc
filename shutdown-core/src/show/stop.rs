//! A stop as it is drawn: from its report, or from the facts of a run that was killed.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::run::{Run, Stopping, Teardown, array, maybe_millis, millis, text, texts};
use crate::report::picture::{Bar, Mark, Picture};

/// One run, and its stop if there was one.
#[derive(Clone, Debug)]
pub(super) struct Stop {
    /// The process ID, if the name of the run has one.
    pub(super) process: String,
    /// The begin of the stop, or the last line of a run without one.
    pub(super) at: SystemTime,
    pub(super) reason: String,
    pub(super) end: End,
    /// The time that was allowed.
    pub(super) grace: Duration,
    pub(super) took: Duration,
    pub(super) stages: Vec<Bar>,
    pub(super) at_notice: Vec<Bar>,
    pub(super) cut_off: Vec<String>,
    pub(super) instances: Vec<Instance>,
    /// The plan. `None` if the report has none.
    pub(super) edges: Option<Vec<Edge>>,
    /// Sentences that no bar shows: how `main` ended, faults, notes.
    pub(super) remarks: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The report is sealed, with this exit status.
    Status(u64),
    /// The stop has no report, and its deadline has passed.
    Killed,
    /// The stop has no report, and its deadline has not passed.
    Underway,
    /// The file has no stop of this run.
    NoStop,
}

#[derive(Clone, Debug)]
pub(super) struct Instance {
    pub(super) in_flush: bool,
    pub(super) bar: Bar,
}

/// Indices of instances: each of `first` is torn down before each of `then`.
#[derive(Clone, Debug)]
pub(super) struct Edge {
    pub(super) first: Vec<usize>,
    pub(super) then: Vec<usize>,
    pub(super) why: String,
}

impl Stop {
    /// Draws a run. `now` tells whether a stop without a report may still be under way.
    pub(super) fn of(run: &Run, now: SystemTime) -> Stop {
        let process = run.id.split('-').next().unwrap_or_default().to_owned();
        match (&run.report, &run.stopping) {
            (Some(report), _) => of_report(run, report, process),
            (None, Some(stopping)) => of_facts(run, stopping, now, process),
            (None, None) => Stop {
                process,
                at: run.last,
                reason: String::new(),
                end: End::NoStop,
                grace: Duration::ZERO,
                took: Duration::ZERO,
                stages: Vec::new(),
                at_notice: Vec::new(),
                cut_off: Vec::new(),
                instances: Vec::new(),
                edges: None,
                remarks: Vec::new(),
            },
        }
    }

    pub(super) fn picture(&self) -> Picture {
        let of = |flush: bool| {
            self.instances.iter().filter(move |row| row.in_flush == flush).map(|row| row.bar.clone())
        };
        Picture::new(
            self.took,
            self.stages.clone(),
            self.at_notice.clone(),
            self.cut_off.clone(),
            of(false).collect(),
            of(true).collect(),
        )
    }
}

fn of_report(run: &Run, report: &Value, process: String) -> Stop {
    let took = millis(report, "took_ms");
    let stages = array(report, "stages").iter().map(|stage| {
        Bar::of_stage(
            text(stage, "stage").unwrap_or_default(),
            millis(stage, "start_ms"),
            millis(stage, "took_ms"),
        )
    });
    let at = run
        .stopping
        .as_ref()
        .map_or_else(|| run.last.checked_sub(took).unwrap_or(run.last), |stopping| stopping.at);
    Stop {
        process,
        at,
        reason: text(report, "reason").unwrap_or_default(),
        end: End::Status(report.get("status").and_then(Value::as_u64).unwrap_or_default()),
        grace: millis(report, "grace_ms"),
        took,
        stages: stages.collect(),
        at_notice: array(report, "instances").iter().filter_map(at_notice).collect(),
        cut_off: texts(report, "cut_off"),
        instances: array(report, "instances").iter().map(instance).collect(),
        edges: report.get("edges").map(|_| array(report, "edges").iter().map(edge).collect()),
        remarks: remarks(report),
    }
}

fn instance(row: &Value) -> Instance {
    let flag = |name| row.get(name).and_then(Value::as_bool).unwrap_or_default();
    let outcome = text(row, "outcome").unwrap_or_default();
    let late = if flag("late") { ", late" } else { "" };
    let bar = Bar {
        name: text(row, "name").unwrap_or_default(),
        start: maybe_millis(row, "start_ms"),
        took: millis(row, "took_ms"),
        mark: mark(&outcome),
        words: format!("{outcome}{late}"),
        place: text(row, "managed_at"),
    };
    Instance { in_flush: flag("last"), bar }
}

/// Returns the bar of the hook of an instance at the notice, if it had one.
fn at_notice(row: &Value) -> Option<Bar> {
    let hook = row.get("at_notice").filter(|hook| hook.is_object())?;
    let outcome = text(hook, "outcome").unwrap_or_default();
    Some(Bar {
        name: format!("{} at notice", text(row, "name").unwrap_or_default()),
        start: maybe_millis(hook, "start_ms"),
        took: millis(hook, "took_ms"),
        mark: mark(&outcome),
        words: outcome,
        place: text(row, "managed_at"),
    })
}

/// Returns the mark of an outcome in the words of a report.
fn mark(outcome: &str) -> Mark {
    match outcome {
        "ok" => Mark::Ok,
        "timed out" => Mark::TimedOut,
        "not run" => Mark::NotRun,
        words if words.starts_with("unconfirmed: ") => Mark::Unconfirmed,
        _ => Mark::Failed,
    }
}

fn edge(edge: &Value) -> Edge {
    let rows = |name| {
        let rows = array(edge, name).iter().filter_map(Value::as_u64);
        rows.filter_map(|row| usize::try_from(row).ok()).collect()
    };
    Edge { first: rows("first"), then: rows("then"), why: text(edge, "why").unwrap_or_default() }
}

fn remarks(report: &Value) -> Vec<String> {
    let main = text(report, "main")
        .filter(|main| main != "ok" && main != "cut off")
        .map(|main| format!("main {main}"));
    let panicked = report.get("panicked_tasks").and_then(Value::as_u64).filter(|count| *count > 0);
    let all = |name: &str, word: &'static str| -> Vec<String> {
        texts(report, name).into_iter().map(|text| format!("{word}: {text}")).collect()
    };
    main.into_iter()
        .chain(all("failures", "failed"))
        .chain(panicked.map(|count| format!("tracked tasks that panicked: {count}")))
        .chain(all("faults", "fault"))
        .chain(all("notes", "note"))
        .collect()
}

/// Draws what is known of a stop without a report.
fn of_facts(run: &Run, stopping: &Stopping, now: SystemTime, process: String) -> Stop {
    let since = |at: SystemTime| at.duration_since(stopping.at).unwrap_or_default();
    let took = since(run.last);
    let over = now > stopping.at + stopping.left + Duration::from_secs(1);
    let stops = run.entered.iter().filter(|(stage, _)| stage != "running" && stage != "exited");
    let entered: Vec<(&str, Duration)> = stops.map(|(stage, at)| (stage.as_str(), since(*at))).collect();
    let stages = entered.iter().enumerate().map(|(number, (stage, start))| {
        let end = entered.get(number + 1).map_or(took, |(_, next)| *next);
        Bar::of_stage((*stage).to_owned(), *start, end.saturating_sub(*start))
    });
    let bar = |name: String, one: &Teardown| {
        let start = since(one.began);
        let (end, mark, words) = match &one.ended {
            Some((ended, outcome)) => (since(*ended), mark(outcome), outcome.clone()),
            None if over => (took, Mark::Open, "open when the process was killed".to_owned()),
            None => (took, Mark::Open, "not ended yet".to_owned()),
        };
        Bar { name, start: Some(start), took: end.saturating_sub(start), mark, words, place: None }
    };
    let instances =
        run.teardowns.iter().map(|one| Instance { in_flush: one.in_flush, bar: bar(one.name.clone(), one) });
    let at_notice = run.at_notice.iter().map(|one| bar(format!("{} at notice", one.name), one));
    Stop {
        process,
        at: stopping.at,
        reason: stopping.reason.clone(),
        end: if over { End::Killed } else { End::Underway },
        // The line was written some milliseconds after the begin.
        grace: Duration::from_millis(
            (u64::try_from(stopping.left.as_millis()).unwrap_or(u64::MAX) / 10 + 1) * 10,
        ),
        took,
        stages: stages.collect(),
        at_notice: at_notice.collect(),
        cut_off: run.cut_off.clone(),
        instances: instances.collect(),
        edges: None,
        remarks: Vec::new(),
    }
}
