//! The time between two attempts. It doubles, and it is random, so that the clients of a server that comes back do not all
//! call it at one instant.
//!
//! Source: Marc Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015): full jitter, here with a floor.

use std::time::Duration;

/// The bounds of the time between two attempts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    pub(crate) shortest: Duration,
    pub(crate) longest: Duration,
}

impl Backoff {
    /// Returns the time to wait after a number of failed attempts in a row. `share` is a random number from 0 to 1.
    pub(crate) fn after(self, failed: u32, share: f64) -> Duration {
        let limit = self.shortest.saturating_mul(2_u32.saturating_pow(failed)).min(self.longest);
        self.shortest + limit.saturating_sub(self.shortest).mul_f64(share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const BACKOFF: Backoff =
        Backoff { shortest: Duration::from_millis(100), longest: Duration::from_secs(5) };

    #[test]
    fn the_wait_is_between_the_shortest_and_a_limit_that_doubles() {
        let bounds = |failed| (BACKOFF.after(failed, 0.0), BACKOFF.after(failed, 1.0));
        assert_eq!(bounds(1), (100 * MS, 200 * MS));
        assert_eq!(bounds(2), (100 * MS, 400 * MS));
        assert_eq!(bounds(5), (100 * MS, 3_200 * MS));
        for failed in [6, 31, 32, u32::MAX] {
            assert_eq!(bounds(failed), (100 * MS, 5_000 * MS));
        }
        assert_eq!(BACKOFF.after(1, 0.5), 150 * MS);
    }
}
