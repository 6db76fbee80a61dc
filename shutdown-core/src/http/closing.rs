//! When a connection that the drain finds open is to be closed. Decides, and does nothing.

use std::time::Duration;

use tokio::time::Instant;

/// Half a request's head, or an HTTP/2 connection that does not confirm the GOAWAY, keeps a connection this long.
pub(super) const HALF: Duration = Duration::from_secs(1);
/// A connection that was told to close, and is not at work, is dropped after this.
const FAREWELL: Duration = Duration::from_millis(100);

/// What is to be seen of a connection that has nothing more to do for now.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "four things that may be so or not, in any combination")]
pub(super) struct Seen {
    pub(super) http2: bool,
    /// Requests that are not answered to their end.
    pub(super) requests: u32,
    /// Bytes of an answer that the client does not take.
    pub(super) is_stuck_writing: bool,
    /// Bytes that nobody has read yet.
    pub(super) in_kernel: usize,
    /// Bytes that have been read, and make no request yet.
    pub(super) half_head: bool,
    pub(super) first_byte: bool,
    /// When the last answer ended.
    pub(super) answered: Option<Instant>,
}

/// When things happened to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Since {
    /// The drain found it.
    pub(super) drain: Instant,
    /// It was told to close.
    pub(super) closing: Option<Instant>,
}

/// How long it may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) linger: Duration,
    pub(super) half_head: Duration,
    /// Its part of the spread.
    pub(super) spread: Duration,
}

/// What to do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It is at work: until something happens, or the drain's time is up.
    Work,
    /// Look again at this instant, or when something happens.
    Until(Instant),
    /// Tell it to close.
    Close,
    /// Drop it.
    Drop,
    /// Drop it with half a request's head.
    DropHalfHead,
}

pub(super) fn next(seen: Seen, since: Since, now: Instant, bounds: Bounds) -> Next {
    let until = |at: Instant, then: Next| if now < at { Next::Until(at) } else { then };
    if seen.requests > 0 || seen.is_stuck_writing {
        return Next::Work;
    }
    if let Some(closing) = since.closing {
        let patience = if seen.http2 { HALF } else { FAREWELL };
        let last = seen.answered.map_or(closing, |answered| answered.max(closing));
        return until(last + patience, Next::Drop);
    }
    if seen.in_kernel > 0 || seen.half_head {
        return until(since.drain + bounds.half_head, Next::DropHalfHead);
    }
    let quiet_from = match seen.answered {
        Some(answered) => answered + bounds.linger,
        None if seen.first_byte => since.drain,
        None => since.drain + bounds.linger,
    };
    until(quiet_from.max(since.drain + bounds.spread), Next::Close)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds =
        Bounds { linger: Duration::from_millis(100), half_head: HALF, spread: Duration::ZERO };

    fn idle() -> Seen {
        Seen {
            http2: false,
            requests: 0,
            is_stuck_writing: false,
            in_kernel: 0,
            half_head: false,
            first_byte: true,
            answered: None,
        }
    }

    /// What comes `after` the drain began, for one that it found at `drain` and nobody has told to close.
    fn after(ms: u64, drain: Instant, seen: Seen) -> Next {
        next(seen, Since { drain, closing: None }, drain + Duration::from_millis(ms), BOUNDS)
    }

    #[test]
    fn an_idle_connection_closes_at_once() {
        let drain = Instant::now();
        assert_eq!(after(0, drain, idle()), Next::Close);
        let long_ago = drain.checked_sub(BOUNDS.linger);
        assert_eq!(after(0, drain, Seen { answered: long_ago, ..idle() }), Next::Close);
    }

    #[test]
    fn a_request_is_never_cut_before_the_drains_end() {
        let drain = Instant::now();
        for ms in [0, 1_000, 3_600_000] {
            assert_eq!(after(ms, drain, Seen { requests: 1, half_head: true, ..idle() }), Next::Work);
            assert_eq!(after(ms, drain, Seen { is_stuck_writing: true, ..idle() }), Next::Work);
        }
    }

    #[test]
    fn what_the_kernel_holds_is_waited_for() {
        let drain = Instant::now();
        let seen = Seen { in_kernel: 1, ..idle() };
        assert_eq!(after(0, drain, seen), Next::Until(drain + HALF));
        assert_eq!(after(1_000, drain, seen), Next::DropHalfHead);
    }

    #[test]
    fn half_a_head_has_a_second() {
        let drain = Instant::now();
        let seen = Seen { half_head: true, ..idle() };
        assert_eq!(after(999, drain, seen), Next::Until(drain + HALF));
        assert_eq!(after(1_000, drain, seen), Next::DropHalfHead);
    }

    #[test]
    fn a_connection_lingers_for_its_first_byte_and_after_an_answer() {
        let drain = Instant::now();
        let until = Next::Until(drain + BOUNDS.linger);
        assert_eq!(after(0, drain, Seen { first_byte: false, ..idle() }), until);
        assert_eq!(after(100, drain, Seen { first_byte: false, ..idle() }), Next::Close);
        assert_eq!(after(0, drain, Seen { answered: Some(drain), ..idle() }), until);
    }

    #[test]
    fn the_spread_holds_back_an_idle_connection() {
        let drain = Instant::now();
        let bounds = Bounds { spread: Duration::from_secs(2), ..BOUNDS };
        let since = Since { drain, closing: None };
        assert_eq!(next(idle(), since, drain, bounds), Next::Until(drain + bounds.spread));
        assert_eq!(next(idle(), since, drain + bounds.spread, bounds), Next::Close);
    }

    #[test]
    fn what_was_told_to_close_is_dropped_unless_it_is_at_work() {
        let drain = Instant::now();
        let since = Since { drain, closing: Some(drain) };
        let later = drain + FAREWELL;
        assert_eq!(next(idle(), since, drain, BOUNDS), Next::Until(later));
        assert_eq!(next(idle(), since, later, BOUNDS), Next::Drop);
        assert_eq!(next(Seen { requests: 1, ..idle() }, since, later, BOUNDS), Next::Work);
        let http2 = Seen { http2: true, ..idle() };
        assert_eq!(next(http2, since, later, BOUNDS), Next::Until(drain + HALF));
        assert_eq!(next(http2, since, drain + HALF, BOUNDS), Next::Drop);
    }
}
