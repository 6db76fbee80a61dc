//! How old a connection becomes.

use std::time::Duration;

use crate::random;

/// The limits of a connection's age. Defaults to none.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Age {
    /// When a connection is told to finish.
    pub(super) limit: Option<Duration>,
    /// How long it has for that.
    pub(super) grace: Option<Duration>,
}

impl Age {
    /// Gives the limit for one connection: each has its own, so that clients do not reconnect all at once.
    pub(super) fn limit_of_one(self) -> Option<Duration> {
        Some(around(self.limit?, random::share()))
    }
}

/// Gives a time from nine tenths to eleven tenths of `limit`.
fn around(limit: Duration, share: f64) -> Duration {
    limit.mul_f64(0.9 + 0.2 * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_has_a_jitter_of_a_tenth() {
        let limit = Duration::from_secs(100);
        assert_eq!(around(limit, 0.0), Duration::from_secs(90));
        assert_eq!(around(limit, 0.5), limit);
        assert_eq!(around(limit, 1.0), Duration::from_secs(110));
    }

    #[test]
    fn connections_have_ages_of_their_own() {
        let age = Age { limit: Some(Duration::from_secs(100)), grace: None };
        let ages: Vec<Duration> = (0..64).filter_map(|_| age.limit_of_one()).collect();
        assert!(ages.iter().all(|age| (90..=110).contains(&age.as_secs())), "{ages:?}");
        let (least, most) = (ages.iter().min().unwrap(), ages.iter().max().unwrap());
        assert!(*most - *least > Duration::from_secs(5), "{ages:?}");
        assert!(Age::default().limit_of_one().is_none());
    }
}
