//! What the edges have in flight: a server says what its connections are doing, where the gate only counts.

use std::sync::{Arc, Mutex, MutexGuard};

use crate::report::Straggler;
use crate::sync::lock;
use crate::sync::notice::Notice;

/// An edge with work of its own, a server for one. It is asked under the engine's lock, so it runs no user code.
pub(crate) trait Work: Send + Sync {
    /// What is in flight, by name, and for how many passes of the gate that stands.
    fn in_flight(&self) -> (Vec<Straggler>, usize);

    /// What is worth a line of the report at its end.
    fn notes(&self) -> Vec<String>;

    /// Fires when nothing is in flight, where that may outlive the drain for a last word to somebody else; `None` if it
    /// does not.
    fn last_word(&self) -> Option<Notice> {
        None
    }

    /// Nothing is in flight, nothing will be, and there is nothing to say.
    #[cfg_attr(
        not(any(feature = "consumer", feature = "http")),
        allow(dead_code, reason = "only an edge behind a feature has work of its own")
    )]
    fn is_forgotten(&self) -> bool;
}

/// The edges of one lifecycle.
#[derive(Default)]
pub(crate) struct Works(Mutex<Vec<Arc<dyn Work>>>);

impl Works {
    #[cfg_attr(
        not(any(feature = "consumer", feature = "http")),
        allow(dead_code, reason = "only an edge behind a feature has work of its own")
    )]
    pub(crate) fn add(&self, work: Arc<dyn Work>) {
        let mut works = self.lock();
        works.retain(|work| !work.is_forgotten());
        works.push(work);
    }

    pub(crate) fn in_flight(&self) -> (Vec<Straggler>, usize) {
        let (mut stragglers, mut passes) = (Vec::new(), 0);
        for work in self.lock().iter() {
            let (found, known) = work.in_flight();
            stragglers.extend(found);
            passes += known;
        }
        (stragglers, passes)
    }

    pub(crate) fn last_words(&self) -> Vec<Notice> {
        self.lock().iter().filter_map(|work| work.last_word()).collect()
    }

    pub(crate) fn notes(&self) -> Vec<String> {
        self.lock().iter().flat_map(|work| work.notes()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<dyn Work>>> {
        lock(&self.0)
    }
}
