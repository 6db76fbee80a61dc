//! The outcomes of requests, and their counts.

use std::collections::BTreeMap;
use std::fmt;
use std::io;

/// The outcome of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Status 200.
    Answered,
    /// Status 200 with `Connection: close`.
    AnsweredLast,
    /// Status 503 with `Retry-After: 1` and `Connection: close`.
    Refused,
    /// Any other response, with its status.
    Other(u16),
    /// The kernel refused the connection.
    NobodyListens,
    /// The connection was reset.
    Reset,
    /// The connection was closed before the first byte of a response.
    Empty,
    /// The connection was closed in the middle of a response.
    CutShort,
    /// The client's time-out passed without a byte.
    TimedOut,
}

impl Outcome {
    /// Returns the outcome for a failed read or write.
    pub(crate) fn of(error: &io::Error) -> Outcome {
        match error.kind() {
            io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => Outcome::NobodyListens,
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Outcome::Reset,
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Outcome::TimedOut,
            _ => panic!("unexpected: {error:?}"),
        }
    }
}

/// The count of each outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<Outcome, usize>);

impl Tally {
    /// Requires `count` responses with status 200, and no other outcome.
    #[track_caller]
    pub fn all_answered(&self, count: usize) {
        let answered = self.count(Outcome::Answered) + self.count(Outcome::AnsweredLast);
        let all: usize = self.0.values().sum();
        assert!(answered == count && all == count, "expected {count} answers and nothing else: {self}");
    }

    /// Returns the count of `outcome`.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.0.get(&outcome).copied().unwrap_or(0)
    }
}

impl FromIterator<Outcome> for Tally {
    fn from_iter<I: IntoIterator<Item = Outcome>>(outcomes: I) -> Tally {
        let mut tally = Tally::default();
        for outcome in outcomes {
            *tally.0.entry(outcome).or_default() += 1;
        }
        tally
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(&self.0).finish()
    }
}
