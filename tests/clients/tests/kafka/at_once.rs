//! Runs several tests at once, more than there are processors: a group of consumers waits most of the time.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, LazyLock, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// How many run at once.
const AT_ONCE: usize = 6;

/// The tests that were started and not waited for.
static STARTED: LazyLock<Mutex<BTreeMap<&'static str, JoinHandle<()>>>> = LazyLock::new(|| {
    // As libtest does it: the arguments are parts of names.
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let claims = super::CLAIMS
        .iter()
        .filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str())));
    let places = Arc::new((Mutex::new(AT_ONCE), Condvar::new()));
    let start = |(name, claim): &(&'static str, fn())| {
        let (places, claim) = (Arc::clone(&places), *claim);
        let thread = thread::spawn(move || {
            let _place = Place::wait_for(places);
            claim();
        });
        (*name, thread)
    };
    Mutex::new(claims.map(start).collect())
});

/// Waits for the test with this name, and panics if it did.
pub(crate) fn outcome(name: &str) {
    let started = STARTED.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    let ended = started.unwrap_or_else(|| panic!("`{name}` is not in the list of tests")).join();
    if let Err(panic) = ended {
        std::panic::resume_unwind(panic);
    }
}

/// A place among those that run, which is free again when this value is dropped.
struct Place(Arc<(Mutex<usize>, Condvar)>);

impl Place {
    fn wait_for(places: Arc<(Mutex<usize>, Condvar)>) -> Place {
        let (free, changed) = &*places;
        let free = free.lock().unwrap_or_else(PoisonError::into_inner);
        *changed.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner) -= 1;
        Place(places)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let (free, changed) = &*self.0;
        *free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        changed.notify_one();
    }
}
