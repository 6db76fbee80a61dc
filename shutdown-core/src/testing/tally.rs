//! The outcomes of many requests, and their counts.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use super::outcome::Outcome;

/// The number of different failures of each kind that are kept in full.
const EXAMPLES: usize = 8;

/// A failure, and how often it has happened.
#[derive(Clone, Debug)]
struct Example {
    what: String,
    times: usize,
}

/// The outcomes of all requests of a load: how many there were of each kind, with examples of those that went wrong.
///
/// ```
/// use lifecycle::testing::{Outcome, Tally};
///
/// let tally: Tally = [Outcome::Answered, Outcome::Answered, Outcome::Reset].into_iter().collect();
/// assert_eq!(tally.requests(), 3);
/// lifecycle::assert_lost!(tally, 1);
/// lifecycle::assert_lost!(tally, 0, except = [Outcome::Reset]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Tally {
    counts: BTreeMap<Outcome, usize>,
    /// The instances that answered: how many requests, and when the last one was sent.
    by: BTreeMap<String, (usize, Instant)>,
    examples: BTreeMap<Outcome, Vec<Example>>,
    /// The number of requests that were lost at each place.
    lost_at: BTreeMap<String, usize>,
}

impl Tally {
    /// Counts a request that the instance `by` has answered.
    pub(super) fn answered(&mut self, outcome: Outcome, by: Option<String>, sent: Instant) {
        *self.counts.entry(outcome).or_default() += 1;
        if let Some(by) = by {
            let (count, last) = self.by.entry(by).or_insert((0, sent));
            (*count, *last) = (*count + 1, sent.max(*last));
        }
    }

    /// Counts a request that was not answered.
    pub(super) fn failed(&mut self, outcome: Outcome, what: String) {
        *self.counts.entry(outcome).or_default() += 1;
        self.keep(outcome, Example { what, times: 1 });
    }

    /// Counts a request that stood at a chosen place, and was not answered.
    pub(super) fn failed_at(&mut self, place: String, outcome: Outcome) {
        self.failed(outcome, format!("{place}: {outcome}"));
        *self.lost_at.entry(place).or_default() += 1;
    }

    fn keep(&mut self, outcome: Outcome, new: Example) {
        let examples = self.examples.entry(outcome).or_default();
        if let Some(known) = examples.iter_mut().find(|known| known.what == new.what) {
            known.times += new.times;
        } else if examples.len() < EXAMPLES {
            examples.push(new);
        }
    }

    /// Adds the counts of `other`.
    pub fn add(&mut self, other: Tally) {
        for (outcome, count) in other.counts {
            *self.counts.entry(outcome).or_default() += count;
        }
        for (by, (more, sent)) in other.by {
            let (count, last) = self.by.entry(by).or_insert((0, sent));
            (*count, *last) = (*count + more, sent.max(*last));
        }
        for (outcome, examples) in other.examples {
            for example in examples {
                self.keep(outcome, example);
            }
        }
        for (place, lost) in other.lost_at {
            *self.lost_at.entry(place).or_default() += lost;
        }
    }

    /// Returns the number of requests.
    pub fn requests(&self) -> usize {
        self.counts.values().sum()
    }

    /// Returns the number of requests with this outcome.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.counts.get(&outcome).copied().unwrap_or(0)
    }

    /// Returns the number of requests that were answered.
    pub fn answers(&self) -> usize {
        self.count(Outcome::Answered) + self.count(Outcome::AnsweredLast)
    }

    /// Returns the number of requests that were lost: all that were not [answered](Outcome::is_answered).
    pub fn lost(&self) -> usize {
        self.lost_except(&[])
    }

    /// Returns the number of requests that were not answered and had none of these outcomes.
    pub fn lost_except(&self, allowed: &[Outcome]) -> usize {
        let lost = |outcome: &Outcome| !outcome.is_answered() && !allowed.contains(outcome);
        self.counts.iter().filter(|(outcome, _)| lost(outcome)).map(|(_, count)| count).sum()
    }

    /// Returns the number of requests that were lost at a place of [`Placed`](super::Placed), such as `half a head`.
    pub fn lost_at(&self, place: &str) -> usize {
        self.lost_at.get(place).copied().unwrap_or(0)
    }

    /// Returns the number of requests that an instance answered: see [`Clients::check`](super::Clients::check).
    pub fn answered_by(&self, instance: impl fmt::Display) -> usize {
        self.by.get(&instance.to_string()).map_or(0, |(count, _)| *count)
    }

    /// Returns the number of instances that answered a request.
    pub fn instances(&self) -> usize {
        self.by.len()
    }

    /// Returns how long after `notice` the last request was sent that an instance answered.
    ///
    /// # Panics
    ///
    /// If the instance has answered no request.
    #[track_caller]
    pub fn last_request_of(&self, instance: impl fmt::Display, notice: Instant) -> Duration {
        let (_, last) = self.by.get(&instance.to_string()).expect("the instance has answered a request");
        last.saturating_duration_since(notice)
    }

    /// Requires `count` requests, each of which was answered.
    ///
    /// # Panics
    ///
    /// If it was another number, or if one was lost.
    #[track_caller]
    pub fn all_answered(&self, count: usize) {
        let all = self.requests() == count && self.lost() == 0;
        assert!(all, "expected {count} answers and nothing else: {self}{}", self.losses(&[]));
    }

    /// Returns the examples of requests that were lost, one line each.
    pub(super) fn losses(&self, allowed: &[Outcome]) -> String {
        let mut lines = String::new();
        for (outcome, examples) in self.examples.iter().filter(|(outcome, _)| !allowed.contains(outcome)) {
            for Example { what, times } in examples {
                let times = if *times > 1 { format!(" ({times} times)") } else { String::new() };
                lines.extend(["\n  ", what, &times]);
            }
            let kept: usize = examples.iter().map(|example| example.times).sum();
            let more = self.count(*outcome).saturating_sub(kept);
            if more > 0 {
                lines.extend(["\n  ", &format!("{more} more {outcome}")]);
            }
        }
        lines
    }
}

impl FromIterator<Outcome> for Tally {
    fn from_iter<I: IntoIterator<Item = Outcome>>(outcomes: I) -> Tally {
        let mut tally = Tally::default();
        for outcome in outcomes {
            *tally.counts.entry(outcome).or_default() += 1;
        }
        tally
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} requests, {} not answered", self.requests(), self.lost())?;
        let counts = self.counts.iter().filter(|(outcome, _)| **outcome != Outcome::Answered);
        counts.into_iter().try_for_each(|(outcome, count)| write!(f, ", {count} {outcome}"))
    }
}
