//! The outcomes of requests, and their counts.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

/// The outcome of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Status 200 with the expected body.
    Answered,
    /// Status 500 or above.
    ServerError,
    /// Any other response, or a request that the client could not send.
    Wrong,
    /// The kernel refused the connection.
    Refused,
    /// The connection was reset.
    Reset,
    /// The connection was closed before the first byte of a response.
    Empty,
    /// The connection was closed in the middle of a response.
    Cut,
    /// The time-out passed without a byte.
    TimedOut,
}

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Outcome::Answered => "answered",
            Outcome::ServerError => "answered with 5xx",
            Outcome::Wrong => "went wrong",
            Outcome::Refused => "refused",
            Outcome::Reset => "reset",
            Outcome::Empty => "closed without an answer",
            Outcome::Cut => "cut in the middle of the answer",
            Outcome::TimedOut => "timed out",
        }
    }
}

/// The number of failures of each kind that are kept in full.
const EXAMPLES: usize = 4;

/// The outcomes of all requests of a load.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    counts: BTreeMap<Outcome, usize>,
    /// The number of requests that each process answered.
    by: BTreeMap<u32, usize>,
    /// When the last request that each process answered was sent.
    last: BTreeMap<u32, Instant>,
    examples: BTreeMap<Outcome, Vec<String>>,
}

impl Tally {
    pub(crate) fn answered(&mut self, by: u32, sent: Instant) {
        *self.counts.entry(Outcome::Answered).or_default() += 1;
        *self.by.entry(by).or_default() += 1;
        let last = self.last.entry(by).or_insert(sent);
        *last = sent.max(*last);
    }

    pub(crate) fn failed(&mut self, outcome: Outcome, after: Duration, why: &str) {
        *self.counts.entry(outcome).or_default() += 1;
        let examples = self.examples.entry(outcome).or_default();
        if examples.len() < EXAMPLES {
            examples.push(format!("after {after:.3?}: {}: {why}", outcome.name()));
        }
    }

    /// Adds the counts of `other`.
    pub fn add(&mut self, other: Tally) {
        for (outcome, count) in other.counts {
            *self.counts.entry(outcome).or_default() += count;
        }
        for (by, count) in other.by {
            *self.by.entry(by).or_default() += count;
        }
        for (by, sent) in other.last {
            let last = self.last.entry(by).or_insert(sent);
            *last = sent.max(*last);
        }
        for (outcome, examples) in other.examples {
            let all = self.examples.entry(outcome).or_default();
            all.extend(examples);
            all.truncate(EXAMPLES);
        }
    }

    /// Returns the count of `outcome`.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.counts.get(&outcome).copied().unwrap_or(0)
    }

    /// Returns the number of requests.
    pub fn requests(&self) -> usize {
        self.counts.values().sum()
    }

    /// Returns the number of requests that the process `pid` answered.
    pub fn answered_by(&self, pid: u32) -> usize {
        self.by.get(&pid).copied().unwrap_or(0)
    }

    /// Returns how long after `notice` the last request that the process `pid` answered was sent.
    #[track_caller]
    pub fn last_request_of(&self, pid: u32, notice: Instant) -> Duration {
        let last = self.last.get(&pid).expect("the process has answered");
        last.saturating_duration_since(notice)
    }

    /// Returns the number of processes that answered a request.
    pub fn processes(&self) -> usize {
        self.by.len()
    }

    /// Returns whether every request was answered.
    pub fn is_all_answered(&self) -> bool {
        self.requests() == self.count(Outcome::Answered)
    }

    /// Requires that every request of `scenario` was answered, and prints their number.
    #[track_caller]
    pub fn all_answered(&self, scenario: &str) {
        self.only(&[], scenario);
    }

    /// Requires that every request of `scenario` was answered or had one of these outcomes, and prints their
    /// number.
    #[track_caller]
    pub fn only(&self, allowed: &[Outcome], scenario: &str) {
        println!("{scenario}: {self}");
        let fine = |outcome: &Outcome| *outcome == Outcome::Answered || allowed.contains(outcome);
        let lost = !self.counts.keys().all(fine);
        let bad = self.examples.iter().filter(|(outcome, _)| !allowed.contains(outcome));
        let examples: Vec<&str> = bad.flat_map(|(_, examples)| examples).map(String::as_str).collect();
        assert!(!lost, "{self}\n{}", examples.join("\n"));
        assert!(self.count(Outcome::Answered) > 0, "no request at all");
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed = self.requests() - self.count(Outcome::Answered);
        write!(f, "{} requests, {failed} not answered", self.requests())?;
        for (outcome, count) in self.counts.iter().filter(|(outcome, _)| **outcome != Outcome::Answered) {
            write!(f, ", {count} {}", outcome.name())?;
        }
        Ok(())
    }
}
