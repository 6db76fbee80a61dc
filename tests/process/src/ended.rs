//! How a child ended, and what it said.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

/// A child that is gone. Each check panics with all that the child wrote.
#[derive(Debug)]
pub struct Ended {
    /// How it ended.
    pub status: ExitStatus,
    /// From the first signal, else from the start.
    pub took: Duration,
    /// The lines that it wrote on stdout.
    pub stdout: Vec<String>,
    /// The lines that it wrote on stderr.
    pub stderr: Vec<String>,
}

impl Ended {
    /// It exited with this status.
    #[track_caller]
    pub fn exited(&self, code: i32) -> &Ended {
        self.expect(self.status.code() == Some(code), &format!("expected exit status {code}"))
    }

    /// It was killed by this signal.
    #[track_caller]
    pub fn killed_by(&self, signal: i32) -> &Ended {
        self.expect(self.status.signal() == Some(signal), &format!("expected death by signal {signal}"))
    }

    /// It was gone within `limit` and [`SLACK`](crate::SLACK).
    #[track_caller]
    pub fn within(&self, limit: Duration) -> &Ended {
        self.expect(self.took <= limit + crate::SLACK, &format!("expected it to be gone within {limit:?}"))
    }

    /// It took at least this long.
    #[track_caller]
    pub fn not_before(&self, least: Duration) -> &Ended {
        self.expect(self.took >= least, &format!("expected it to stay for {least:?}"))
    }

    /// It wrote each of `lines` exactly once, in this order.
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

    /// It never wrote `line` on stdout.
    #[track_caller]
    pub fn never_said(&self, line: &str) -> &Ended {
        self.expect(self.stdout.iter().all(|said| said != line), &format!("did not expect `{line}`"))
    }

    /// Exactly one line of stderr has each of `parts` in it.
    #[track_caller]
    pub fn reported(&self, parts: &[&str]) -> &Ended {
        let count = self.stderr.iter().filter(|line| parts.iter().all(|part| line.contains(part))).count();
        self.expect(count == 1, &format!("expected one line with {parts:?} on stderr, not {count}"))
    }

    /// No line of stderr has `part` in it.
    #[track_caller]
    pub fn not_reported(&self, part: &str) -> &Ended {
        self.expect(
            self.stderr.iter().all(|line| !line.contains(part)),
            &format!("did not expect `{part}` on stderr"),
        )
    }

    /// Its stderr is this one line, and starts so.
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
