//! The end of a child: its status, its time, its output.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

/// A child that has ended. Each check that fails panics with all output of the child.
#[derive(Debug)]
pub struct Ended {
    /// The wait status.
    pub status: ExitStatus,
    /// The time since the first signal, or since the start if no signal was sent.
    pub took: Duration,
    /// The lines of the child's stdout.
    pub stdout: Vec<String>,
    /// The lines of the child's stderr.
    pub stderr: Vec<String>,
}

impl Ended {
    /// Checks that the child exited with this status.
    #[track_caller]
    pub fn exited(&self, code: i32) -> &Ended {
        self.expect(self.status.code() == Some(code), &format!("expected exit status {code}"))
    }

    /// Checks that the child was killed by this signal.
    #[track_caller]
    pub fn killed_by(&self, signal: i32) -> &Ended {
        self.expect(self.status.signal() == Some(signal), &format!("expected death by signal {signal}"))
    }

    /// Checks that the child ended within `limit` and [`SLACK`](crate::SLACK).
    #[track_caller]
    pub fn within(&self, limit: Duration) -> &Ended {
        self.expect(self.took <= limit + crate::SLACK, &format!("expected it to be gone within {limit:?}"))
    }

    /// Checks that the child took at least this long.
    #[track_caller]
    pub fn not_before(&self, least: Duration) -> &Ended {
        self.expect(self.took >= least, &format!("expected it to stay for {least:?}"))
    }

    /// Checks that the stdout has each of `lines` exactly once, in this order.
    #[track_caller]
    pub fn said(&self, lines: &[&str]) -> &Ended {
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

    /// Checks that the stdout does not have `line`.
    #[track_caller]
    pub fn never_said(&self, line: &str) -> &Ended {
        self.expect(self.stdout.iter().all(|said| said != line), &format!("did not expect `{line}`"))
    }

    /// Checks that exactly one line of the stderr contains all of `parts`.
    #[track_caller]
    pub fn reported(&self, parts: &[&str]) -> &Ended {
        let count = self.stderr.iter().filter(|line| parts.iter().all(|part| line.contains(part))).count();
        self.expect(count == 1, &format!("expected one line with {parts:?} on stderr, not {count}"))
    }

    /// Checks that no line of the stderr contains `part`.
    #[track_caller]
    pub fn not_reported(&self, part: &str) -> &Ended {
        self.expect(
            self.stderr.iter().all(|line| !line.contains(part)),
            &format!("did not expect `{part}` on stderr"),
        )
    }

    /// Checks that the stderr is one line that begins with `start`.
    #[track_caller]
    pub fn reported_only(&self, start: &str) -> &Ended {
        self.expect(
            matches!(&self.stderr[..], [line] if line.starts_with(start)),
            &format!("expected one line on stderr, with `{start}..`"),
        )
    }

    #[track_caller]
    fn expect(&self, holds: bool, what: &str) -> &Ended {
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
