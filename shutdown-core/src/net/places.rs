//! How many connections a server has at once: a place for each of them.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The places of a server. A connection has one until its socket is closed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places(Option<Arc<Semaphore>>);

/// One place, which is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Place(#[expect(dead_code, reason = "its drop is its use")] Option<OwnedSemaphorePermit>);

impl Places {
    /// Gives as many places as there are connections.
    pub(crate) fn unlimited() -> Places {
        Places::default()
    }

    /// Gives this number of places.
    ///
    /// # Panics
    ///
    /// If the number is 0. The message is about the setting `max_connections`.
    #[track_caller]
    pub(crate) fn limited_to(connections: usize) -> Places {
        assert!(connections > 0, "`max_connections` is 0: a server needs at least one connection");
        Places(Some(Arc::new(Semaphore::new(connections.min(Semaphore::MAX_PERMITS)))))
    }

    /// Takes a place, after one is free. Cancel safe.
    pub(super) async fn take(&self) -> Place {
        match &self.0 {
            None => Place(None),
            Some(places) => {
                let permit = Arc::clone(places).acquire_owned().await;
                Place(Some(permit.expect("this semaphore is never closed")))
            }
        }
    }

    /// Takes a place if one is free now.
    pub(super) fn try_take(&self) -> Option<Place> {
        match &self.0 {
            None => Some(Place(None)),
            Some(places) => Some(Place(Some(Arc::clone(places).try_acquire_owned().ok()?))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_place_is_taken_until_it_is_dropped() {
        let places = Places::limited_to(1);
        let place = places.take().await;
        assert!(places.try_take().is_none());
        drop(place);
        assert!(places.try_take().is_some());
    }

    #[test]
    #[should_panic(expected = "`max_connections` is 0")]
    fn a_server_without_places_is_refused() {
        let _ = Places::limited_to(0);
    }
}
