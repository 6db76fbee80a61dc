//! When the drain ends a connection of `net::serve`. Decides, and does nothing.
//!
//! ```text
//!          mark_idle                  a byte is read
//!   Busy ─────────────▶ Idle ──────────────────────────▶ Reading
//!    ▲                   ▲            mark_idle              │
//!    │                   └───────────────────────────────────┤
//!    └───────────────────────────────────────────────────────┘
//!                           mark_busy
//! ```

use std::time::Duration;

use tokio::time::Instant;

/// How long the drain waits for the first byte, and for the next request after the last byte (R18).
pub(super) const QUIET: Duration = Duration::from_millis(100);
/// How long the drain waits for the rest of a request after its last byte (R18).
pub(super) const PARTIAL_REQUEST_TIMEOUT: Duration = Duration::from_secs(1);
/// How long the drain waits for a client that is never quiet. Then the connection ends between two requests (R18).
pub(super) const NEVER_QUIET: Duration = Duration::from_secs(1);

/// What is known of the requests of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// A request may be in progress. The handler has said nothing yet, or has said so.
    #[default]
    Busy,
    /// Every byte that was read belongs to a request that has been answered.
    Idle,
    /// Bytes have been read since the connection was idle.
    Reading,
}

/// What is known of a connection whose handler waits for bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) phase: Phase,
    /// How many bytes the kernel holds that nobody has read. `None` if the kernel cannot be asked.
    pub(super) in_kernel: Option<usize>,
    pub(super) last_read: Option<Instant>,
    pub(super) last_write: Option<Instant>,
}

/// What to do with a connection whose handler waits for bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Leave it, until something happens.
    Wait,
    /// Look again at this instant.
    Until(Instant),
    /// End it: the client is quiet.
    End,
    /// End it with half a request.
    EndPartialRequest,
}

/// Decides, in a drain that began at `drain` (R18).
pub(super) fn next(seen: Seen, drain: Instant, now: Instant) -> Next {
    let until = |at: Instant, then: Next| if now < at { Next::Until(at) } else { then };
    if seen.phase == Phase::Busy || seen.in_kernel.is_some_and(|bytes| bytes > 0) {
        return Next::Wait;
    }
    if seen.phase == Phase::Reading {
        let last_read = seen.last_read.map_or(drain, |read| read.max(drain));
        return until(last_read + PARTIAL_REQUEST_TIMEOUT, Next::EndPartialRequest);
    }
    let quiet = seen.last_read.max(seen.last_write).map_or(drain + QUIET, |last| last + QUIET);
    // The runtime has time to report bytes that the kernel cannot be asked for.
    let earliest = if seen.in_kernel.is_none() { drain + QUIET } else { drain };
    until(quiet.min(drain + NEVER_QUIET).max(earliest), Next::End)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn idle() -> Seen {
        Seen { phase: Phase::Idle, in_kernel: Some(0), last_read: None, last_write: None }
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// A drain, and an instant long before it.
    fn drain() -> (Instant, Instant) {
        let long_ago = Instant::now();
        (long_ago + ms(10_000), long_ago)
    }

    #[test]
    fn an_idle_connection_ends_when_the_drain_begins() {
        let (drain, long_ago) = drain();
        let seen = Seen { last_read: Some(long_ago), last_write: Some(long_ago), ..idle() };
        assert_eq!(next(seen, drain, drain), Next::End);
    }

    #[test]
    fn the_first_byte_has_100_ms_from_the_drain() {
        let (drain, _) = drain();
        assert_eq!(next(idle(), drain, drain), Next::Until(drain + ms(100)));
        assert_eq!(next(idle(), drain, drain + ms(100)), Next::End);
    }

    #[test]
    fn the_next_request_has_100_ms_from_the_last_byte_of_either_side() {
        let (drain, long_ago) = drain();
        let now = drain + ms(400);
        let seen = Seen { last_read: Some(long_ago), last_write: Some(now), ..idle() };
        assert_eq!(next(seen, drain, now), Next::Until(now + ms(100)));
        assert_eq!(next(seen, drain, now + ms(100)), Next::End);
        let seen = Seen { last_read: Some(now), last_write: None, ..idle() };
        assert_eq!(next(seen, drain, now), Next::Until(now + ms(100)));
    }

    #[test]
    fn a_client_that_is_never_quiet_ends_between_two_requests_after_a_second() {
        let (drain, _) = drain();
        let just_before = drain + ms(990);
        let seen = Seen { last_write: Some(just_before), ..idle() };
        assert_eq!(next(seen, drain, just_before), Next::Until(drain + ms(1_000)));
        let later = drain + ms(5_000);
        assert_eq!(next(Seen { last_write: Some(later), ..idle() }, drain, later), Next::End);
    }

    #[test]
    fn unread_bytes_are_read_first() {
        let (drain, long_ago) = drain();
        let later = drain + ms(5_000);
        for phase in [Phase::Idle, Phase::Reading] {
            let seen = Seen { phase, in_kernel: Some(1), last_read: Some(long_ago), ..idle() };
            assert_eq!(next(seen, drain, later), Next::Wait);
        }
    }

    #[test]
    fn half_a_request_has_a_second_from_its_last_byte() {
        let (drain, long_ago) = drain();
        let seen = Seen { phase: Phase::Reading, last_read: Some(long_ago), ..idle() };
        assert_eq!(next(seen, drain, drain), Next::Until(drain + ms(1_000)));
        assert_eq!(next(seen, drain, drain + ms(1_000)), Next::EndPartialRequest);
        let seen = Seen { last_read: Some(drain + ms(700)), ..seen };
        assert_eq!(next(seen, drain, drain + ms(1_000)), Next::Until(drain + ms(1_700)));
    }

    #[test]
    fn a_request_in_progress_never_ends() {
        let (drain, long_ago) = drain();
        let seen = Seen { phase: Phase::Busy, last_read: Some(long_ago), ..idle() };
        assert_eq!(next(seen, drain, drain + ms(60_000)), Next::Wait);
    }

    #[test]
    fn a_kernel_that_cannot_be_asked_has_100_ms_to_report_bytes() {
        let (drain, long_ago) = drain();
        let seen = Seen { in_kernel: None, last_read: Some(long_ago), ..idle() };
        assert_eq!(next(seen, drain, drain), Next::Until(drain + ms(100)));
        assert_eq!(next(seen, drain, drain + ms(100)), Next::End);
    }
}
