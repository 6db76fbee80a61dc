//! One sort for the whole crate.

use std::cmp::Ordering;

/// Sorts indices in the order of `compare`, equal ones among themselves.
///
/// The standard library's sorts are generated anew, up to 40 KiB each, for every type and order they are asked for.
pub(crate) fn sort(indices: &mut [usize], compare: &dyn Fn(usize, usize) -> Ordering) {
    indices.sort_unstable_by(|a, b| compare(*a, *b).then(a.cmp(b)));
}

/// The indices below `count` in the order of `compare`, equal ones as they were.
pub(crate) fn sorted(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut indices: Vec<usize> = (0..count).collect();
    sort(&mut indices, compare);
    indices
}
