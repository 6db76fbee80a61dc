//! What became of requests.

use std::collections::BTreeMap;
use std::fmt;
use std::io;

/// What became of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// 200.
    Answered,
    /// 200, and `Connection: close`.
    AnsweredLast,
    /// 503, `Retry-After: 1` and `Connection: close`.
    Refused,
    /// Answered with something else.
    Other(u16),
    /// Nobody listens.
    NobodyListens,
    /// The connection was reset.
    Reset,
    /// The connection was closed before the first byte of an answer.
    Empty,
    /// The connection was closed in the middle of an answer.
    CutShort,
    /// Nothing came for as long as the client waits.
    TimedOut,
}

impl Outcome {
    /// For what an attempt to read or to write failed with.
    pub(crate) fn of(error: &io::Error) -> Outcome {
        match error.kind() {
            io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => Outcome::NobodyListens,
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Outcome::Reset,
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Outcome::TimedOut,
            _ => panic!("unexpected: {error:?}"),
        }
    }
}

/// How often there was which outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<Outcome, usize>);

impl Tally {
    /// `count` answers with 200, and nothing else.
    #[track_caller]
    pub fn all_answered(&self, count: usize) {
        let answered = self.count(Outcome::Answered) + self.count(Outcome::AnsweredLast);
        let all: usize = self.0.values().sum();
        assert!(answered == count && all == count, "expected {count} answers and nothing else: {self}");
    }

    /// How often there was this one.
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
