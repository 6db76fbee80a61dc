//! The managed instances, in the order of their numbers.
//!
//! A lifecycle numbers its instances in a row, unless others of the process manage some in between. The number of an
//! instance therefore leads straight to its place, where a tree would be searched: each event looks one up.

use super::entry::{Entry, InstanceId};

#[derive(Debug)]
pub(super) struct Entries<H> {
    /// Sorted by number. An instance that was removed leaves a gap.
    places: Vec<(InstanceId, Option<Entry<H>>)>,
    gaps: usize,
}

impl<H> Default for Entries<H> {
    fn default() -> Entries<H> {
        Entries { places: Vec::new(), gaps: 0 }
    }
}

impl<H> Entries<H> {
    pub(super) fn get(&self, id: InstanceId) -> Option<&Entry<H>> {
        self.places[self.place(id)?].1.as_ref()
    }

    pub(super) fn get_mut(&mut self, id: InstanceId) -> Option<&mut Entry<H>> {
        let place = self.place(id)?;
        self.places[place].1.as_mut()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (InstanceId, &Entry<H>)> {
        self.places.iter().filter_map(|(id, entry)| Some((*id, entry.as_ref()?)))
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut Entry<H>> {
        self.places.iter_mut().filter_map(|(_, entry)| entry.as_mut())
    }

    pub(super) fn insert(&mut self, id: InstanceId, entry: Entry<H>) {
        // Another thread may have taken a greater number, and come first.
        let later = self.places.iter().rev().take_while(|(other, _)| *other > id).count();
        self.places.insert(self.places.len() - later, (id, Some(entry)));
    }

    /// Takes constant time on average, because the gaps are closed when they are more than half of the places.
    pub(super) fn remove(&mut self, id: InstanceId) {
        let Some(place) = self.place(id) else { return };
        if self.places[place].1.take().is_some() {
            self.gaps += 1;
        }
        if self.gaps > self.places.len() / 2 {
            self.places.retain(|(_, entry)| entry.is_some());
            self.gaps = 0;
        }
    }

    fn place(&self, id: InstanceId) -> Option<usize> {
        let (first, _) = self.places.first()?;
        // Numbers are distinct, so that none is further from the first place than it is from the first number.
        let furthest = usize::try_from(id.0.checked_sub(first.0)?).ok()?.min(self.places.len() - 1);
        if self.places[furthest].0 == id {
            return Some(furthest);
        }
        self.places[..furthest].binary_search_by_key(&id, |(id, _)| *id).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::{Entries, Entry, InstanceId};
    use crate::sequence::tests::script::spec;

    proptest! {
        /// The numbers have gaps, come out of order, and some are removed or never were. None comes twice.
        #[test]
        fn it_is_a_sorted_map(steps in prop::collection::vec((any::<bool>(), 0..60_u64), 0..120)) {
            let (mut entries, mut map) = (Entries::default(), BTreeMap::new());
            let mut given = BTreeSet::new();
            for (hook, (is_insert, number)) in steps.into_iter().enumerate() {
                let id = InstanceId(number);
                if is_insert && given.insert(id) {
                    entries.insert(id, Entry::new(spec("n"), hook));
                    map.insert(id, hook);
                } else if !is_insert {
                    entries.remove(id);
                    map.remove(&id);
                }
                prop_assert!(entries.gaps <= entries.places.len() / 2);
            }
            for number in 0..60 {
                let id = InstanceId(number);
                prop_assert_eq!(entries.get(id).and_then(|entry| entry.hook), map.get(&id).copied());
                prop_assert_eq!(entries.get_mut(id).and_then(|entry| entry.hook), map.get(&id).copied());
            }
            let all: Vec<_> = entries.iter().map(|(id, entry)| (id, entry.hook)).collect();
            prop_assert_eq!(all, map.into_iter().map(|(id, hook)| (id, Some(hook))).collect::<Vec<_>>());
        }
    }
}
