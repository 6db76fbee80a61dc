//! The end of a service: its status, its time, its output, its report.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

use super::report::ServiceReport;

/// A service that has ended. Each check that fails panics with all output of the service.
///
/// ```
/// use lifecycle::testing::Program;
///
/// let stopped = Program::new("sh").arg("-c").arg("echo one; echo two; exit 3").run();
/// stopped.exited(3).said(&["one", "two"]).never_said("three");
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stopped {
    /// The wait status.
    pub status: ExitStatus,
    /// The time since the first signal, or since the start if no signal was sent.
    pub took: Duration,
    /// The lines of the stdout.
    pub stdout: Vec<String>,
    /// The lines of the stderr.
    pub stderr: Vec<String>,
    /// The names of the processes that the service had started, and that were still running when it had ended.
    pub left_behind: Vec<String>,
    /// The report. `None` if the service does not use `lifecycle`, or was killed.
    pub report: Option<ServiceReport>,
}

impl Stopped {
    /// The tolerance of [`within`](Stopped::within). A thread of a loaded machine may wait for seconds for a processor.
    pub const SLACK: Duration = Duration::from_secs(4);

    /// Returns the report.
    ///
    /// # Panics
    ///
    /// Panics without one.
    #[track_caller]
    pub fn report(&self) -> &ServiceReport {
        self.expect(
            self.report.is_some(),
            "it wrote no report, because it does not use `lifecycle`, or ended before its stop was over",
        );
        let Some(report) = &self.report else { unreachable!("the line above panics") };
        report
    }

    /// Requires this exit status.
    #[track_caller]
    pub fn exited(&self, code: i32) -> &Stopped {
        self.expect(self.status.code() == Some(code), &format!("expected exit status {code}"))
    }

    /// Requires that this signal killed the service.
    #[track_caller]
    pub fn killed_by(&self, signal: i32) -> &Stopped {
        self.expect(self.status.signal() == Some(signal), &format!("expected death by signal {signal}"))
    }

    /// Requires that the service ended within `limit` and 4 s of [tolerance](Stopped::SLACK).
    #[track_caller]
    pub fn within(&self, limit: Duration) -> &Stopped {
        self.expect(self.took <= limit + Stopped::SLACK, &format!("expected it to be gone within {limit:?}"))
    }

    /// Requires that the service took at least this long.
    #[track_caller]
    pub fn not_before(&self, least: Duration) -> &Stopped {
        self.expect(self.took >= least, &format!("expected it to stay for {least:?}"))
    }

    /// Requires that the service left no process behind.
    #[track_caller]
    pub fn left_nothing_behind(&self) -> &Stopped {
        self.expect(self.left_behind.is_empty(), &format!("these still ran: {:?}", self.left_behind))
    }

    /// Requires that the stdout has each of `lines` exactly once, in this order.
    #[track_caller]
    pub fn said(&self, lines: &[&str]) -> &Stopped {
        let places = |line: &&str| -> Vec<usize> {
            let all = self.stdout.iter().enumerate();
            all.filter(|(_, said)| said == line).map(|(at, _)| at).collect()
        };
        let places: Vec<Vec<usize>> = lines.iter().map(places).collect();
        for (line, places) in lines.iter().zip(&places) {
            self.expect(places.len() == 1, &format!("expected `{line}` once, not {} times", places.len()));
        }
        self.expect(places.is_sorted(), &format!("expected this order: {lines:?}"))
    }

    /// Requires that the stdout does not have `line`.
    #[track_caller]
    pub fn never_said(&self, line: &str) -> &Stopped {
        self.expect(self.stdout.iter().all(|said| said != line), &format!("did not expect `{line}`"))
    }

    /// Requires that exactly one line of the stderr contains all of `parts`.
    #[track_caller]
    pub fn reported(&self, parts: &[&str]) -> &Stopped {
        let count = self.stderr.iter().filter(|line| parts.iter().all(|part| line.contains(part))).count();
        self.expect(count == 1, &format!("expected one line with {parts:?} on stderr, not {count}"))
    }

    /// Requires that no line of the stderr contains `part`.
    #[track_caller]
    pub fn not_reported(&self, part: &str) -> &Stopped {
        self.expect(
            self.stderr.iter().all(|line| !line.contains(part)),
            &format!("did not expect `{part}` on stderr"),
        )
    }

    /// Requires that the stderr is one line that begins with `start`.
    #[track_caller]
    pub fn reported_only(&self, start: &str) -> &Stopped {
        self.expect(
            matches!(&self.stderr[..], [line] if line.starts_with(start)),
            &format!("expected one line on stderr, with `{start}..`"),
        )
    }

    #[track_caller]
    fn expect(&self, holds: bool, what: &str) -> &Stopped {
        assert!(
            holds,
            "{what}; it ended after {:?} with {}\n--- stdout\n{}\n--- stderr\n{}",
            self.took,
            self.status,
            self.stdout.join("\n"),
            self.stderr.join("\n"),
        );
        self
    }
}
