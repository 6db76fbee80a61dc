//! When the drain closes a connection that it finds open. Decides, and does nothing.

use std::time::Duration;

use tokio::time::Instant;

/// How long the drain waits for the rest of a request head (R18).
pub(super) const PARTIAL_HEAD_TIMEOUT: Duration = Duration::from_secs(1);
/// How long an HTTP/1 connection that has reached its age waits for the next request, whose response can say that it is
/// the last one. Counted from the response before.
pub(super) const FINISH_IDLE_TIMEOUT: Duration = Duration::from_secs(1);
/// How long an HTTP/2 client has to confirm the first GOAWAY. Streams that it opened before that are served.
pub(super) const GOAWAY_TIMEOUT: Duration = Duration::from_secs(1);
/// How long an HTTP/1 connection that was told to close, and has no request in progress, may take.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(100);

/// What is known of a connection at an instant.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "four facts that are independent of each other")]
pub(super) struct Seen {
    pub(super) http2: bool,
    /// How many requests are not answered to their end.
    pub(super) requests: u32,
    /// The client does not take the bytes of a response.
    pub(super) is_stuck_writing: bool,
    /// How many bytes the kernel holds that nobody has read.
    pub(super) in_kernel: usize,
    /// Bytes have been read that are not a whole request head.
    pub(super) partial_head: bool,
    pub(super) first_byte: bool,
    /// When the last response ended.
    pub(super) answered_at: Option<Instant>,
}

/// What has happened to a connection since the drain began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Since {
    /// When the drain found it.
    pub(super) drain: Instant,
    /// When it was told to close.
    pub(super) closing: Option<Instant>,
    /// When its time was over, and the kernel held bytes that nobody had read.
    pub(super) overtaken: Option<Instant>,
}

impl Since {
    /// The drain has found a connection at this instant.
    pub(super) fn drain(drain: Instant) -> Since {
        Since { drain, closing: None, overtaken: None }
    }
}

/// How long a connection may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// After a response, or before the first byte.
    pub(super) idle: Duration,
    pub(super) partial_head: Duration,
    /// Its share of the jitter.
    pub(super) jitter: Duration,
}

/// What to do with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Leave it: a request is in progress.
    Work,
    /// Look again at this instant, or when something happens.
    Until(Instant),
    /// Its time is over before its bytes were read. Read on, for as long again.
    ReadOn,
    /// Tell it to close.
    Close,
    /// Drop it.
    Drop,
    /// Drop it with half a request head, which the report notes.
    DropPartialHead,
}

/// Decides (R18). A request in progress comes first, and is never cut before the end of the drain.
///
/// A process can stand still for any time. After that each timer is over at once, and the runtime may see a timer before it
/// sees the bytes that came in time. So bytes in the kernel get the time once more.
pub(super) fn next(seen: Seen, since: Since, now: Instant, bounds: Bounds) -> Next {
    let until = |at: Instant, then: Next| if now < at { Next::Until(at) } else { then };
    let unless_overtaken = |time: Duration, then: Next| match since.overtaken {
        Some(overtaken) => until(overtaken + time, then),
        None if seen.in_kernel > 0 => Next::ReadOn,
        None => then,
    };
    if seen.requests > 0 || seen.is_stuck_writing {
        return Next::Work;
    }
    if let Some(closing) = since.closing {
        let last = seen.answered_at.map_or(closing, |answered_at| answered_at.max(closing));
        return match seen.http2 {
            true => until(last + GOAWAY_TIMEOUT, unless_overtaken(GOAWAY_TIMEOUT, Next::Drop)),
            // hyper reads no further request.
            false => until(last + CLOSE_TIMEOUT, Next::Drop),
        };
    }
    if seen.in_kernel > 0 || seen.partial_head {
        let then = unless_overtaken(bounds.partial_head, Next::DropPartialHead);
        return until(since.drain + bounds.partial_head, then);
    }
    let idle_since = match seen.answered_at {
        Some(answered_at) => answered_at + bounds.idle,
        None if seen.first_byte => since.drain,
        None => since.drain + bounds.idle,
    };
    until(idle_since.max(since.drain + bounds.jitter), Next::Close)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds {
        idle: Duration::from_millis(100),
        partial_head: PARTIAL_HEAD_TIMEOUT,
        jitter: Duration::ZERO,
    };

    fn idle() -> Seen {
        Seen {
            http2: false,
            requests: 0,
            is_stuck_writing: false,
            in_kernel: 0,
            partial_head: false,
            first_byte: true,
            answered_at: None,
        }
    }

    /// What happens `ms` milliseconds after the drain has found a connection that was not told to close.
    fn after(ms: u64, drain: Instant, seen: Seen) -> Next {
        next(seen, Since::drain(drain), drain + Duration::from_millis(ms), BOUNDS)
    }

    #[test]
    fn an_idle_connection_closes_at_once() {
        let drain = Instant::now();
        assert_eq!(after(0, drain, idle()), Next::Close);
        let long_ago = drain.checked_sub(BOUNDS.idle);
        assert_eq!(after(0, drain, Seen { answered_at: long_ago, ..idle() }), Next::Close);
    }

    #[test]
    fn a_request_is_never_cut_before_the_drains_end() {
        let drain = Instant::now();
        for ms in [0, 1_000, 3_600_000] {
            assert_eq!(after(ms, drain, Seen { requests: 1, partial_head: true, ..idle() }), Next::Work);
            assert_eq!(after(ms, drain, Seen { is_stuck_writing: true, ..idle() }), Next::Work);
        }
    }

    /// The process has stood still until `overtaken`.
    fn overtaken(overtaken: Instant, closing: Option<Instant>) -> Since {
        Since { closing, overtaken: Some(overtaken), ..Since::drain(overtaken - Duration::from_secs(5)) }
    }

    #[test]
    fn unread_bytes_in_the_kernel_are_read_also_if_the_process_stood_still_and_have_a_second_more() {
        let drain = Instant::now();
        let seen = Seen { in_kernel: 1, ..idle() };
        assert_eq!(after(0, drain, seen), Next::Until(drain + PARTIAL_HEAD_TIMEOUT));
        assert_eq!(after(1_000, drain, seen), Next::ReadOn);
        assert_eq!(after(3_600_000, drain, Seen { partial_head: true, ..seen }), Next::ReadOn);
        let (now, more) = (Instant::now(), PARTIAL_HEAD_TIMEOUT);
        for partial_head in [false, true] {
            let seen = Seen { partial_head, ..seen };
            assert_eq!(next(seen, overtaken(now, None), now, BOUNDS), Next::Until(now + more));
            assert_eq!(next(seen, overtaken(now, None), now + more, BOUNDS), Next::DropPartialHead);
        }
    }

    #[test]
    fn streams_in_the_kernel_are_read_also_if_the_process_stood_still_and_have_a_second_more() {
        let drain = Instant::now();
        let since = Since { closing: Some(drain), ..Since::drain(drain) };
        let seen = Seen { http2: true, in_kernel: 1, ..idle() };
        assert_eq!(next(seen, since, drain, BOUNDS), Next::Until(drain + GOAWAY_TIMEOUT));
        assert_eq!(next(seen, since, drain + GOAWAY_TIMEOUT, BOUNDS), Next::ReadOn);
        let (now, more) = (Instant::now(), GOAWAY_TIMEOUT);
        let since = overtaken(now, now.checked_sub(Duration::from_secs(4)));
        assert_eq!(next(seen, since, now, BOUNDS), Next::Until(now + more));
        assert_eq!(next(seen, since, now + more, BOUNDS), Next::Drop);
        assert_eq!(next(Seen { http2: false, ..seen }, since, now, BOUNDS), Next::Drop);
    }

    #[test]
    fn half_a_request_head_keeps_a_connection_for_a_second() {
        let drain = Instant::now();
        let seen = Seen { partial_head: true, ..idle() };
        assert_eq!(after(999, drain, seen), Next::Until(drain + PARTIAL_HEAD_TIMEOUT));
        assert_eq!(after(1_000, drain, seen), Next::DropPartialHead);
    }

    #[test]
    fn a_connection_stays_open_for_its_first_byte_and_after_a_response() {
        let drain = Instant::now();
        let until = Next::Until(drain + BOUNDS.idle);
        assert_eq!(after(0, drain, Seen { first_byte: false, ..idle() }), until);
        assert_eq!(after(100, drain, Seen { first_byte: false, ..idle() }), Next::Close);
        assert_eq!(after(0, drain, Seen { answered_at: Some(drain), ..idle() }), until);
    }

    #[test]
    fn the_jitter_keeps_an_idle_connection_open() {
        let drain = Instant::now();
        let bounds = Bounds { jitter: Duration::from_secs(2), ..BOUNDS };
        let since = Since::drain(drain);
        assert_eq!(next(idle(), since, drain, bounds), Next::Until(drain + bounds.jitter));
        assert_eq!(next(idle(), since, drain + bounds.jitter, bounds), Next::Close);
    }

    #[test]
    fn a_connection_that_was_told_to_close_is_dropped_unless_a_request_is_in_progress() {
        let drain = Instant::now();
        let since = Since { closing: Some(drain), ..Since::drain(drain) };
        let later = drain + CLOSE_TIMEOUT;
        assert_eq!(next(idle(), since, drain, BOUNDS), Next::Until(later));
        assert_eq!(next(idle(), since, later, BOUNDS), Next::Drop);
        assert_eq!(next(Seen { requests: 1, ..idle() }, since, later, BOUNDS), Next::Work);
        let http2 = Seen { http2: true, ..idle() };
        assert_eq!(next(http2, since, later, BOUNDS), Next::Until(drain + GOAWAY_TIMEOUT));
        assert_eq!(next(http2, since, drain + GOAWAY_TIMEOUT, BOUNDS), Next::Drop);
    }
}
