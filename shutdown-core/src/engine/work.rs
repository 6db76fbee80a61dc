//! The work in flight of servers and consumers, as the engine sees it: the gate only counts, and each server can name
//! what its connections are doing.

#[cfg(feature = "http")]
use std::borrow::Cow;
use std::sync::{Arc, Mutex};
#[cfg(feature = "http")]
use std::time::Instant;

#[cfg(feature = "metrics")]
use crate::observe::metrics::Counts;
use crate::report::Straggler;
use crate::sync::lock;
use crate::sync::notice::Notice;

/// `Err` has the reason why a part of the service is not ready.
#[cfg(feature = "http")]
pub(crate) type Answer = Result<(), String>;

/// One part of the service, as a readiness probe sees it (R30).
#[cfg(feature = "http")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) name: Cow<'static, str>,
    pub(crate) answer: Answer,
    /// What an operator reads although the part is ready.
    pub(crate) remark: Option<String>,
}

/// A server or a consumer that has work in flight. Its methods are called under the engine's lock, so they run no user
/// code.
pub(crate) trait Work: Send + Sync {
    /// Names what is in flight, and says how many passes of the lifecycle's gate that explains.
    fn in_flight(&self) -> (Vec<Straggler>, usize);

    /// Adds what is in flight to `counts`, and returns whether it holds a pass of the lifecycle's gate.
    #[cfg(feature = "metrics")]
    fn count(&self, _counts: &mut Counts) -> bool {
        false
    }

    /// Gives the part that this is of the readiness, if it is one.
    #[cfg(feature = "http")]
    fn part(&self, _now: Instant) -> Option<Part> {
        None
    }

    /// Gives the lines that the report shows as notes.
    fn notes(&self) -> Vec<String>;

    /// Gives the notice that fires when nothing is in flight, if work that was cut off still has to tell its outcome to
    /// somebody else. `None` if there is nothing to wait for.
    fn last_word(&self) -> Option<Notice>;

    /// Whether nothing is in flight, nothing will be, and there is no note.
    fn is_forgotten(&self) -> bool;
}

/// The servers and consumers of one lifecycle.
#[derive(Default)]
pub(crate) struct Works(Mutex<Vec<Arc<dyn Work>>>);

impl Works {
    /// Adds one, and forgets those that have ended without a note.
    pub(crate) fn add(&self, work: Arc<dyn Work>) {
        let mut works = lock(&self.0);
        works.retain(|work| !work.is_forgotten());
        works.push(work);
    }

    /// Names what is in flight, and says how many passes that explains.
    pub(crate) fn in_flight(&self) -> (Vec<Straggler>, usize) {
        let (mut stragglers, mut passes) = (Vec::new(), 0);
        for work in lock(&self.0).iter() {
            let (found, known) = work.in_flight();
            stragglers.extend(found);
            passes += known;
        }
        (stragglers, passes)
    }

    /// Adds what is in flight to `counts`, and returns how many passes of the lifecycle's gate that explains.
    #[cfg(feature = "metrics")]
    pub(crate) fn count(&self, counts: &mut Counts) -> usize {
        let works = lock(&self.0);
        works.iter().filter(|work| work.count(counts)).count()
    }

    /// Gives the parts of the readiness, in the order in which they were added.
    #[cfg(feature = "http")]
    pub(crate) fn supervised(&self, now: Instant) -> Vec<Part> {
        lock(&self.0).iter().filter_map(|work| work.part(now)).collect()
    }

    /// Gives a notice for each consumer whose messages the broker still has to hear about. Each fires when it has.
    pub(crate) fn last_words(&self) -> Vec<Notice> {
        lock(&self.0).iter().filter_map(|work| work.last_word()).collect()
    }

    /// Gives the notes of all servers and consumers, in the order in which they were added.
    pub(crate) fn notes(&self) -> Vec<String> {
        lock(&self.0).iter().flat_map(|work| work.notes()).collect()
    }
}
