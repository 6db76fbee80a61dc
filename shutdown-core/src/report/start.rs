//! The report of a start: a waterfall, like that of a stop.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use super::span::Span;
use super::waterfall::bar;

/// What happened in one start.
///
/// `Display` draws a waterfall. The log has it at `debug` level.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StartReport {
    /// How long the start took.
    pub took: Duration,
    /// Whether everything has started.
    pub has_started: bool,
    /// The resources, in the order of their begin.
    pub rows: Vec<StartRow>,
}

/// What happened to one resource in a start.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StartRow {
    /// The name of the resource.
    pub name: Cow<'static, str>,
    /// When its first attempt began, counted from the begin of the start. `None` if none did.
    pub start: Option<Duration>,
    /// The time from its first attempt to its end.
    pub took: Duration,
    /// The number of attempts.
    pub attempts: u32,
    /// How it ended.
    pub outcome: StartOutcome,
}

/// How a resource ended in a start.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StartOutcome {
    /// It has started.
    Started,
    /// It did not start, so that the start has failed.
    #[non_exhaustive]
    Failed {
        /// The error of the last attempt.
        error: String,
    },
    /// It was dropped, because another one failed or because the stop began.
    Dropped,
    /// It was still waiting for another one, or had started before.
    NotStarted,
}

impl fmt::Display for StartOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartOutcome::Started => f.write_str("started"),
            StartOutcome::Failed { error } => write!(f, "failed: {error}"),
            StartOutcome::Dropped => f.write_str("dropped"),
            StartOutcome::NotStarted => f.write_str("not started"),
        }
    }
}

impl fmt::Display for StartReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.has_started { "started in" } else { "did not start, after" };
        write!(f, "{what} {}", Span(self.took))?;
        let widest = self.rows.iter().map(|row| row.name.chars().count()).max();
        let name = widest.unwrap_or_default().min(32);
        for row in &self.rows {
            let bar = bar(self.took, row.start, row.took, '▒');
            let start = row.start.map_or_else(|| "-".to_owned(), |start| Span(start).to_string());
            let took = Span(row.took).to_string();
            write!(f, "\n  {:<name$}  {bar}  {start:>9} +{took:>9}  {}", row.name, row.outcome)?;
            if row.attempts > 1 {
                write!(f, ", {} attempts", row.attempts)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// R27: a start is drawn as a stop is.
    #[test]
    fn a_start_is_a_waterfall() {
        let row = |name: &'static str, start: Option<u32>, took: u32, attempts, outcome| StartRow {
            name: name.into(),
            start: start.map(|start| start * MS),
            took: took * MS,
            attempts,
            outcome,
        };
        let refused = StartOutcome::Failed { error: "refused".into() };
        let rows = vec![
            row("Broker", Some(0), 80, 1, StartOutcome::Started),
            row("Database", Some(0), 160, 3, refused),
            row("Cache", Some(80), 80, 1, StartOutcome::Dropped),
            row("Orders", None, 0, 0, StartOutcome::NotStarted),
        ];
        let text = StartReport { took: 160 * MS, has_started: false, rows }.to_string();
        let half = "▒".repeat(16);
        let none = "·".repeat(16);
        let expected = [
            "did not start, after 160 ms".to_owned(),
            format!("  Broker    {half}{none}       0 µs +    80 ms  started"),
            format!("  Database  {half}{half}       0 µs +   160 ms  failed: refused, 3 attempts"),
            format!("  Cache     {none}{half}      80 ms +    80 ms  dropped"),
            format!("  Orders    {none}{none}          - +     0 µs  not started"),
        ];
        assert_eq!(text.lines().collect::<Vec<_>>(), expected);
    }
}
