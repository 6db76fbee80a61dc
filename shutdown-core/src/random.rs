//! Random numbers that nobody has to guess: for the jitter of waits.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

/// Returns a random number from 0 to 1.
pub(crate) fn share() -> f64 {
    let scattered = RandomState::new().build_hasher().finish() >> 32;
    f64::from(u32::try_from(scattered).unwrap_or(u32::MAX)) / f64::from(u32::MAX)
}
