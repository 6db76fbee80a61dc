//! The report for a person: a waterfall on stderr.

use std::fmt;
use std::time::Duration;

use super::{MainEnding, Outcome, Report};
use crate::stage::Stage;

/// Columns of the bars.
const WIDTH: u32 = 32;
/// A report names at most this many instances that ended well; what failed is always named.
const ROWS: usize = 40;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.exit_status();
        // An error may be of many lines; its causes, and where it was, are told below.
        let reason = self.reason.to_string();
        let (headline, details) = reason.split_once('\n').unwrap_or((&reason, ""));
        writeln!(
            f,
            "lifecycle: {headline}; stopped in {} of {}, exit status {status}",
            Span(self.took),
            humantime::format_duration(self.grace),
        )?;
        let widest = self.instances.iter().map(|instance| instance.name.chars().count() + 2);
        let name = widest.chain([9]).max().unwrap_or(9).min(32);
        let mut left_out = 0;
        for span in &self.stages {
            let bar = self.bar(Some(span.start), span.took, '█');
            let (start, took) = (Span(span.start).to_string(), Span(span.took).to_string());
            writeln!(f, "  {:<name$}  {bar}  {start:>9} +{took:>9}", span.stage.to_string())?;
            let last = match span.stage {
                Stage::Cleanup => false,
                Stage::Flush => true,
                _ => continue,
            };
            let members = self.instances.iter().filter(|instance| instance.last == last);
            for (at, instance) in members.enumerate() {
                if at >= ROWS && instance.outcome == Outcome::Ok {
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
            writeln!(f, "    and {left_out} more that ended well")?;
        }
        for line in details.lines().filter(|line| !line.is_empty()) {
            writeln!(f, "    {line}")?;
        }
        match &self.main {
            Some(MainEnding::Failed(error)) => writeln!(f, "  main failed: {error}")?,
            Some(MainEnding::Panicked(message)) => writeln!(f, "  main panicked: {message}")?,
            _ => {}
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
    /// Where on the whole stop a span lies.
    fn bar(&self, start: Option<Duration>, took: Duration, full: char) -> String {
        let total = self.took.as_secs_f64().max(1e-9);
        let column = |at: Duration| ((at.as_secs_f64() / total) * f64::from(WIDTH)).min(f64::from(WIDTH));
        (0..WIDTH)
            .map(|at| {
                let (left, right) = (f64::from(at), f64::from(at + 1));
                match start {
                    // A span shorter than a column still marks the one in which it begins.
                    Some(start)
                        if column(start).min(f64::from(WIDTH) - 0.5) < right
                            && (column(start + took) > left || column(start) >= left) =>
                    {
                        full
                    }
                    _ => '·',
                }
            })
            .collect()
    }
}

/// A duration in the unit in which a person reads it.
struct Span(Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.as_micros();
        // Cut, not rounded; and to format a float is 20 KiB of code.
        let text = match micros {
            0..1_000 => format!("{micros} µs"),
            1_000..10_000 => format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100),
            10_000..1_000_000 => format!("{} ms", micros / 1_000),
            _ => format!("{}.{:02} s", micros / 1_000_000, micros % 1_000_000 / 10_000),
        };
        f.pad(&text)
    }
}
