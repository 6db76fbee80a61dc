//! What changed since the stop before.

use std::collections::BTreeMap;
use std::time::Duration;

use super::stop::{End, Stop};
use crate::report::picture::{Bar, Mark};
use crate::report::span::Span;

/// A duration has grown if it is half as long again, and at least this much longer.
const GROWN: Duration = Duration::from_millis(10);
/// A kind of change with more names than these is cut short.
const MAX_NAMES: usize = 6;

/// One sentence about a change.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) kind: Kind,
    /// The name of an instance, or of a stage.
    pub(super) subject: String,
    pub(super) text: String,
}

/// Whether an operator has to look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Worse,
    Better,
    Other,
}

/// Compares two stops. Without a report, the list of instances is not complete, and nothing is said to be gone.
pub(super) fn changes(stop: &Stop, before: &Stop) -> Vec<Change> {
    let mut all = Vec::new();
    let mut add =
        |kind, subject: &str, text: String| all.push(Change { kind, subject: subject.to_owned(), text });
    if stop.end != before.end {
        add(
            kind_of(is_clean(before), is_clean(stop)),
            "end",
            format!("was {}, now {}", end(before), end(stop)),
        );
    }
    if stop.grace != before.grace && has_report(stop) && has_report(before) {
        add(Kind::Other, "grace", format!("was {}, now {}", Span(before.grace), Span(stop.grace)));
    }
    // The times of a run that was killed are not those of a whole stop.
    let has_grown =
        |old, new| if has_report(stop) && has_report(before) { has_grown(old, new) } else { None };
    if let Some(text) = has_grown(before.took, stop.took) {
        add(Kind::Worse, "stop", text);
    }
    for stage in &stop.stages {
        let same = before.stages.iter().find(|other| other.name == stage.name);
        match same {
            None => add(Kind::Other, &stage.name, "is a new stage".to_owned()),
            Some(other) => {
                if let Some(text) = has_grown(other.took, stage.took) {
                    add(Kind::Worse, &stage.name, text);
                }
            }
        }
    }
    let work = |stop: &Stop| stop.cut_off.len();
    if work(stop) != work(before) {
        let kind = if work(stop) > work(before) { Kind::Worse } else { Kind::Better };
        add(kind, "cut off", format!("was {}, now {}", work(before), work(stop)));
    }
    let pairs = Pairs::of(stop, before);
    // Instances with the same change are one sentence.
    let mut changed: BTreeMap<(Kind, &str, &str), Vec<&str>> = BTreeMap::new();
    for (old, new) in pairs.kept.iter().filter(|(old, new)| old.words != new.words) {
        let kind = kind_of(old.mark.is_fine(), new.mark.is_fine());
        changed.entry((kind, &old.words, &new.words)).or_default().push(&new.name);
    }
    for ((kind, was, is), of) in changed {
        add(kind, &names(&of), format!("was {was}, now {is}"));
    }
    let mut grown: Vec<(&Bar, &Bar)> =
        pairs.kept.iter().copied().filter(|(old, new)| has_grown(old.took, new.took).is_some()).collect();
    grown.sort_by_key(|(old, new)| std::cmp::Reverse(new.took.saturating_sub(old.took)));
    for (old, new) in grown.iter().take(MAX_NAMES) {
        add(Kind::Worse, &new.name, has_grown(old.took, new.took).unwrap_or_default());
    }
    if let Some(more) = grown.len().checked_sub(MAX_NAMES + 1) {
        add(Kind::Worse, "longer", format!("{} more instances took longer", more + 1));
    }
    if has_report(before) && !pairs.added.is_empty() {
        add(Kind::Other, "added", names(&pairs.added));
    }
    if has_report(stop) && !pairs.removed.is_empty() {
        add(Kind::Other, "removed", names(&pairs.removed));
    }
    all
}

/// The instances of two stops, by name. The first instance of a name belongs to the first one of the same name.
struct Pairs<'a> {
    kept: Vec<(&'a Bar, &'a Bar)>,
    added: Vec<&'a str>,
    removed: Vec<&'a str>,
}

impl<'a> Pairs<'a> {
    fn of(stop: &'a Stop, before: &'a Stop) -> Pairs<'a> {
        let mut old: BTreeMap<&str, Vec<&Bar>> = BTreeMap::new();
        for row in before.instances.iter().rev() {
            old.entry(&row.bar.name).or_default().push(&row.bar);
        }
        let (mut kept, mut added) = (Vec::new(), Vec::new());
        for row in &stop.instances {
            match old.get_mut(row.bar.name.as_str()).and_then(Vec::pop) {
                Some(old) => kept.push((old, &row.bar)),
                None => added.push(row.bar.name.as_str()),
            }
        }
        let left = old.into_iter().flat_map(|(name, rows)| std::iter::repeat_n(name, rows.len()));
        Pairs { kept, added, removed: left.collect() }
    }
}

fn names(names: &[&str]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    let told = counts.iter().take(MAX_NAMES).map(|(name, count)| match count {
        1 => (*name).to_owned(),
        count => format!("{name} ×{count}"),
    });
    let told = told.collect::<Vec<_>>().join(", ");
    match counts.len().checked_sub(MAX_NAMES + 1) {
        Some(more) => format!("{told}, and {} more names", more + 1),
        None => told,
    }
}

fn has_grown(old: Duration, new: Duration) -> Option<String> {
    let grown = new >= old + GROWN && new.as_nanos() * 2 >= old.as_nanos() * 3;
    grown.then(|| format!("took {}, now {}", Span(old), Span(new)))
}

fn kind_of(was_fine: bool, is_fine: bool) -> Kind {
    match (was_fine, is_fine) {
        (_, false) => Kind::Worse,
        (false, true) => Kind::Better,
        (true, true) => Kind::Other,
    }
}

fn has_report(stop: &Stop) -> bool {
    matches!(stop.end, End::Status(_))
}

pub(super) fn is_clean(stop: &Stop) -> bool {
    // A warning of an unconfirmed release leaves the status at 0.
    stop.end == End::Status(0)
}

fn end(stop: &Stop) -> String {
    match stop.end {
        End::Status(status) => format!("status {status}"),
        End::Killed => "killed".to_owned(),
        End::Underway => "under way".to_owned(),
        End::NoStop => "without a stop".to_owned(),
    }
}

/// Whether the bar has something to tell that a clean stop may have.
pub(super) fn is_worth_a_row(bar: &Bar) -> bool {
    !matches!(bar.mark, Mark::Ok) || bar.words != "ok"
}
