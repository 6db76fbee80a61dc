//! The report for a person: a waterfall, with a bar for each stage and each instance.

use std::fmt;
use std::time::Duration;

use super::span::Span;
use super::{MainOutcome, Outcome, Report};
use crate::stage::Stage;

/// The length of a bar, in columns.
const BAR_COLUMNS: u32 = 32;
/// What follows the name of an instance in the row of its hook at the notice.
const AT_NOTICE: &str = " at notice";
/// An instance of a stage after the first 40 is listed only if it failed.
const MAX_CLEAN_ROWS: usize = 40;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.exit_status();
        // An error may have many lines. The first one is the headline, and the others are listed below the bars.
        let reason = self.reason.to_string();
        let (headline, details) = reason.split_once('\n').unwrap_or((&reason, ""));
        writeln!(
            f,
            "lifecycle: {headline}; stopped in {} of {}, exit status {status}",
            Span(self.took),
            humantime::format_duration(self.grace),
        )?;
        let widest = self.instances.iter().map(|instance| {
            let at_notice = if instance.at_notice.is_some() { AT_NOTICE.len() } else { 0 };
            instance.name.chars().count() + at_notice + 2
        });
        let name = widest.chain([9]).max().unwrap_or(9).min(32);
        let mut left_out = 0;
        for (number, span) in self.stages.iter().enumerate() {
            let bar = self.bar(Some(span.start), span.took, '█');
            let (start, took) = (Span(span.start).to_string(), Span(span.took).to_string());
            writeln!(f, "  {:<name$}  {bar}  {start:>9} +{took:>9}", span.stage.to_string())?;
            if number == 0 {
                left_out += self.write_hooks_at_notice(f, name)?;
            }
            let last = match span.stage {
                Stage::Cleanup => false,
                Stage::Flush => true,
                _ => continue,
            };
            let members = self.instances.iter().filter(|instance| instance.last == last);
            for (at, instance) in members.enumerate() {
                if at >= MAX_CLEAN_ROWS && instance.outcome == Outcome::Ok {
                    left_out += 1;
                    continue;
                }
                let bar = self.bar(instance.start, instance.took, '▒');
                let start = instance.start.map_or_else(|| "-".to_owned(), |start| Span(start).to_string());
                let took = Span(instance.took).to_string();
                let late = if instance.late { ", late" } else { "" };
                write!(f, "    {:<width$}  {bar}  {start:>9} +{took:>9}", instance.name, width = name - 2)?;
                match &instance.outcome {
                    Outcome::Ok => writeln!(f, "  ok{late}")?,
                    outcome => writeln!(f, "  {outcome}{late} (managed at {})", instance.location)?,
                }
            }
        }
        if left_out > 0 {
            writeln!(f, "    and {left_out} more without an error")?;
        }
        for line in details.lines().filter(|line| !line.is_empty()) {
            writeln!(f, "    {line}")?;
        }
        match &self.main {
            // An error of `start` that `main` has passed on is the reason already.
            Some(MainOutcome::Failed { error }) if *error == reason => {}
            Some(main @ (MainOutcome::Failed { .. } | MainOutcome::Panicked { .. })) => {
                writeln!(f, "  main {main}")?;
            }
            Some(MainOutcome::Ok | MainOutcome::Cut) | None => {}
        }
        for failure in &self.failures {
            writeln!(f, "  failed: {failure}")?;
        }
        if !self.stragglers.is_empty() {
            writeln!(f, "  cut off:")?;
        }
        for straggler in &self.stragglers {
            writeln!(f, "    {straggler}")?;
        }
        if self.panicked_tasks > 0 {
            writeln!(f, "  tracked tasks that panicked: {}", self.panicked_tasks)?;
        }
        for fault in &self.faults {
            writeln!(f, "  fault: {fault}")?;
        }
        for note in &self.notes {
            writeln!(f, "  note: {note}")?;
        }
        Ok(())
    }
}

impl Report {
    /// Writes a row for each hook at the notice. Returns how many rows are left out.
    fn write_hooks_at_notice(&self, f: &mut fmt::Formatter<'_>, name: usize) -> Result<usize, fmt::Error> {
        let mut left_out = 0;
        let hooks = self.instances.iter().filter_map(|one| one.at_notice.as_ref().map(|hook| (one, hook)));
        for (at, (instance, hook)) in hooks.enumerate() {
            if at >= MAX_CLEAN_ROWS && hook.outcome == Outcome::Ok {
                left_out += 1;
                continue;
            }
            let bar = self.bar(Some(hook.start), hook.took, '▒');
            let (start, took) = (Span(hook.start).to_string(), Span(hook.took).to_string());
            let label = format!("{}{AT_NOTICE}", instance.name);
            write!(f, "    {label:<width$}  {bar}  {start:>9} +{took:>9}  ", width = name - 2)?;
            match &hook.outcome {
                Outcome::Ok => writeln!(f, "ok")?,
                outcome => writeln!(f, "{outcome} (managed at {})", instance.location)?,
            }
        }
        Ok(left_out)
    }

    /// Draws a span as a part of the whole stop.
    fn bar(&self, start: Option<Duration>, took: Duration, full: char) -> String {
        bar(self.took, start, took, full)
    }
}

/// Draws a span as a part of `total`.
pub(super) fn bar(total: Duration, start: Option<Duration>, took: Duration, full: char) -> String {
    let total = total.as_secs_f64().max(1e-9);
    let column =
        |at: Duration| ((at.as_secs_f64() / total) * f64::from(BAR_COLUMNS)).min(f64::from(BAR_COLUMNS));
    (0..BAR_COLUMNS)
        .map(|at| {
            let (left, right) = (f64::from(at), f64::from(at + 1));
            match start {
                // A span that is shorter than a column marks the column in which it begins.
                Some(start)
                    if column(start).min(f64::from(BAR_COLUMNS) - 0.5) < right
                        && (column(start + took) > left || column(start) >= left) =>
                {
                    full
                }
                _ => '·',
            }
        })
        .collect()
}
