//! One sort for the whole crate.
//!
//! The standard library's sorts are generated again for every type and comparison, up to 40 KiB each. These functions
//! sort indices through a `dyn` comparison, so that the binary contains one copy.

use std::cmp::Ordering;

/// Sorts `indices` by `compare`. Equal indices are sorted by their number.
pub(crate) fn sort(indices: &mut [usize], compare: &dyn Fn(usize, usize) -> Ordering) {
    indices.sort_unstable_by(|a, b| compare(*a, *b).then(a.cmp(b)));
}

/// Returns the indices below `count`, sorted by `compare`. Equal indices keep their order.
pub(crate) fn sorted(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut indices: Vec<usize> = (0..count).collect();
    sort(&mut indices, compare);
    indices
}
