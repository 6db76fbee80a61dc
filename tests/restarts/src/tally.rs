//! What became of the requests.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// With 200, and what was asked for.
    Answered,
    /// With 500 or above.
    ServerError,
    /// With something else, or not even asked for.
    Wrong,
    /// Nobody listened.
    Refused,
    /// The connection was reset.
    Reset,
    /// The connection was closed without a byte.
    Empty,
    /// The connection was closed in the middle of the answer.
    Cut,
    /// Nothing came for too long.
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

/// How many failures of a kind are remembered in full.
const EXAMPLES: usize = 4;

/// All requests of a load.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    counts: BTreeMap<Outcome, usize>,
    /// How many were answered by each process.
    by: BTreeMap<u32, usize>,
    examples: BTreeMap<Outcome, Vec<String>>,
}

impl Tally {
    pub(crate) fn answered(&mut self, by: u32) {
        *self.counts.entry(Outcome::Answered).or_default() += 1;
        *self.by.entry(by).or_default() += 1;
    }

    pub(crate) fn failed(&mut self, outcome: Outcome, after: Duration, why: &str) {
        *self.counts.entry(outcome).or_default() += 1;
        let examples = self.examples.entry(outcome).or_default();
        if examples.len() < EXAMPLES {
            examples.push(format!("after {after:.3?}: {}: {why}", outcome.name()));
        }
    }

    /// Takes in those of another one.
    pub fn add(&mut self, other: Tally) {
        for (outcome, count) in other.counts {
            *self.counts.entry(outcome).or_default() += count;
        }
        for (by, count) in other.by {
            *self.by.entry(by).or_default() += count;
        }
        for (outcome, examples) in other.examples {
            let all = self.examples.entry(outcome).or_default();
            all.extend(examples);
            all.truncate(EXAMPLES);
        }
    }

    /// How many had this outcome.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.counts.get(&outcome).copied().unwrap_or(0)
    }

    /// How many requests there were.
    pub fn requests(&self) -> usize {
        self.counts.values().sum()
    }

    /// How many of them were answered by the process `pid`.
    pub fn answered_by(&self, pid: u32) -> usize {
        self.by.get(&pid).copied().unwrap_or(0)
    }

    /// How many processes have answered.
    pub fn processes(&self) -> usize {
        self.by.len()
    }

    /// Whether every request was answered.
    pub fn is_all_answered(&self) -> bool {
        self.requests() == self.count(Outcome::Answered)
    }

    /// Every request of `scenario` was answered; says how many there were.
    #[track_caller]
    pub fn all_answered(&self, scenario: &str) {
        self.only(&[], scenario);
    }

    /// Every request of `scenario` was answered, or had one of these outcomes; says how many there were.
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
