//! What is known of one connection, and what it says about the next request. Pure: the lock is in `connection`.

use http::{Method, Uri};
use tokio::time::Instant;

use super::framing::{Framing, Mark};
use crate::edge::in_flight::Named;
use crate::net::Peer;
use crate::sync::gate::Pass;

/// How many bytes of a method and a target the report shows. A connection keeps them until its next request.
const LONGEST_REQUEST_LINE: usize = 256;

/// What is known of a connection.
pub(super) struct State {
    /// How far the connection has been read.
    pub(super) framing: Framing,
    /// How many HTTP/1 requests have been read to the end of their head and have not begun.
    pub(super) read_ahead: u32,
    /// How many requests have begun and are not answered to their end.
    pub(super) requests: u32,
    pub(super) phase: Phase,
    /// The head of the last response is out.
    pub(super) is_answering: bool,
    /// The socket did not take the last bytes of a response.
    pub(super) is_stuck_writing: bool,
    /// A response went out during the stop. The socket is read until the client has closed, so that no reset overtakes
    /// the response.
    pub(super) lingers: bool,
    pub(super) course: Course,
    pub(super) answered_at: Option<Instant>,
    /// On the heap, so that an idle connection is small.
    pub(super) names: Box<Names>,
    /// What most connections never have.
    pub(super) rare: Option<Box<Rare>>,
}

/// What the report says of a connection.
pub(super) struct Names {
    pub(super) peer: Peer,
    /// The method and the target of the last request. Copying them into the same memory takes less time than
    /// counting a reference to the request's own.
    request_line: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Opened during the lame duck, without a request so far: see `Site::note_connection`.
    Undecided,
    Http,
    /// Out of hyper's hands, and in flight until its socket is dropped.
    Upgraded,
}

/// Whether the connection goes on after the request in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Course {
    Open,
    /// It was told to finish, while the server goes on.
    Finishes,
    /// The drain has found it.
    Drained,
    /// Its time was up.
    CutOff,
}

#[derive(Default)]
pub(super) struct Rare {
    pub(super) late: Option<Late>,
    pub(super) named: Option<Named>,
    /// When it was accepted, if a hook wants to know.
    pub(super) opened_at: Option<Instant>,
    /// The pass of the HTTP/2 streams. Their tasks end a little after the task of the connection.
    pub(super) streams: Option<Pass>,
}

/// Tells which HTTP/1 requests come too late.
pub(super) struct Late {
    /// How many bytes were sent before the drain began and have not been read.
    pub(super) unread: u64,
    /// How many requests are in time, once the first late one has been read.
    pub(super) in_time: Option<u32>,
}

impl State {
    pub(super) fn new(peer: Peer, phase: Phase) -> State {
        State {
            framing: Framing::NEW,
            read_ahead: 0,
            requests: 0,
            phase,
            is_answering: false,
            is_stuck_writing: false,
            lingers: false,
            course: Course::Open,
            answered_at: None,
            names: Box::new(Names { peer, request_line: String::new() }),
            rare: None,
        }
    }

    /// Makes room for what most connections never have.
    pub(super) fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    pub(super) fn is_undecided(&self) -> bool {
        self.phase == Phase::Undecided
    }

    /// Whether bytes have been read that are not a request in progress.
    pub(super) fn has_partial_head(&self) -> bool {
        self.framing.is_in_head() || self.read_ahead > 0
    }

    /// Notes bytes that have been read.
    pub(super) fn read(&mut self, bytes: &[u8]) {
        let State { framing, read_ahead, rare, .. } = self;
        let mut late = rare.as_mut().and_then(|rare| rare.late.as_mut());
        framing.read(bytes, |mark, before| match mark {
            Mark::Begin => {
                if let Some(late) = late.as_mut().filter(|late| before as u64 >= late.unread) {
                    late.in_time.get_or_insert(*read_ahead);
                }
            }
            Mark::End => *read_ahead += 1,
        });
        if let Some(late) = late {
            late.unread = late.unread.saturating_sub(bytes.len() as u64);
        }
    }

    /// Notes that an HTTP/1 request begins, and says whether it came too late.
    pub(super) fn begin_http1(&mut self) -> bool {
        self.read_ahead = self.read_ahead.saturating_sub(1);
        self.is_answering = false;
        let late = self.rare.as_mut().and_then(|rare| rare.late.as_mut());
        let Some(in_time) = late.and_then(|late| late.in_time.as_mut()) else { return false };
        let is_late = *in_time == 0;
        *in_time = in_time.saturating_sub(1);
        is_late
    }

    /// Says what the connection is doing, for the report.
    pub(super) fn doing(&self) -> String {
        let request = match self.names.request_line.as_str() {
            "" => "nothing".to_owned(),
            line => format!("`{line}`"),
        };
        match self.requests {
            _ if self.phase == Phase::Upgraded => format!("a connection upgraded by {request}"),
            0 if self.is_stuck_writing => format!("the client does not read the response to {request}"),
            0 if self.framing.is_http2() => "an idle HTTP/2 connection".to_owned(),
            0 if self.has_partial_head() => "half a request head".to_owned(),
            0 => "an idle connection".to_owned(),
            1 if self.is_answering => format!("the response to {request} is being sent"),
            1 => format!("{request} has no response yet"),
            2 => format!("{request} and 1 other stream"),
            more => format!("{request} and {} other streams", more - 1),
        }
    }
}

impl Names {
    /// Notes the request line.
    pub(super) fn note_request(&mut self, method: &Method, target: &Uri) {
        let target = match (target.path_and_query(), target.authority()) {
            (Some(path), _) => path.as_str(),
            // CONNECT. A name and a password in front of the host are nobody else's business.
            (None, Some(authority)) => authority.as_str().rsplit('@').next().unwrap_or_default(),
            (None, None) => "*",
        };
        let method = method.as_str();
        self.request_line.clear();
        if method.len() + target.len() < LONGEST_REQUEST_LINE {
            self.request_line.reserve(method.len() + 1 + target.len());
            self.request_line.push_str(method);
            self.request_line.push(' ');
            self.request_line.push_str(target);
        } else {
            self.note(method);
            self.note(" ");
            self.note(target);
        }
    }

    /// Adds to the request line, as far as there is room.
    #[cold]
    fn note(&mut self, text: &str) {
        let room = LONGEST_REQUEST_LINE.saturating_sub(self.request_line.len());
        if text.len() <= room {
            self.request_line.push_str(text);
            return;
        }
        let end = (0..=room).rev().find(|&at| text.is_char_boundary(at)).unwrap_or_default();
        self.request_line.push_str(&text[..end]);
        self.request_line.push('…');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    fn found_by_the_drain(read: &[u8], unread: u64) -> State {
        let mut state = State::new(Peer::Local, Phase::Http);
        state.read(GET);
        assert!(!state.begin_http1());
        state.read(read);
        state.rare().late = Some(Late { unread, in_time: None });
        state
    }

    #[test]
    fn a_request_is_late_if_its_first_byte_was_sent_after_the_drain_began() {
        let mut state = found_by_the_drain(&[], 0);
        state.read(GET);
        assert!(state.begin_http1());
    }

    #[test]
    fn a_request_that_was_read_or_in_the_kernel_or_half_sent_is_in_time() {
        let half = GET.len() / 2;
        for in_kernel in [0, half, GET.len()] {
            // One is read, of the second one a half, and a third one begins with the last byte in the kernel.
            let unread = (GET.len() - half + in_kernel) as u64;
            let mut state = found_by_the_drain(&[GET, &GET[..half]].concat(), unread);
            state.read(&[&GET[half..], GET, GET].concat());
            let late: Vec<bool> = (0..4).map(|_| state.begin_http1()).collect();
            assert_eq!(late, [false, false, in_kernel == 0, true], "{in_kernel} bytes in the kernel");
        }
    }

    #[track_caller]
    fn is_named(method: &str, target: &str, name: &str) {
        let mut names = Names { peer: Peer::Local, request_line: "the one before".to_owned() };
        names.note_request(&method.parse().unwrap(), &target.parse().unwrap());
        assert_eq!(names.request_line, name);
    }

    #[test]
    fn a_request_is_named_by_its_target_in_each_form() {
        is_named("GET", "/slow", "GET /slow");
        is_named("GET", "/slow?why", "GET /slow?why");
        is_named("GET", "http://10.0.0.12:8080/slow?why", "GET /slow?why");
        is_named("GET", "http://user:secret@10.0.0.12/slow", "GET /slow");
        is_named("OPTIONS", "*", "OPTIONS *");
        is_named("CONNECT", "example.com:443", "CONNECT example.com:443");
        is_named("CONNECT", "[::1]:443", "CONNECT [::1]:443");
        is_named("CONNECT", "user:secret@example.com:443", "CONNECT example.com:443");
        // The extended CONNECT of HTTP/2 (RFC 8441).
        is_named("CONNECT", "https://example.com/chat", "CONNECT /chat");
    }

    #[test]
    fn a_long_request_line_is_cut_and_keeps_little_memory() {
        let path = format!("/{}", "a".repeat(10_000));
        is_named("GET", &path, &format!("GET {}…", &path[..LONGEST_REQUEST_LINE - 4]));
        let host = format!("{}:443", "a".repeat(10_000));
        is_named("CONNECT", &host, &format!("CONNECT {}…", &host[..LONGEST_REQUEST_LINE - 8]));
        // Each of its letters is two bytes.
        let path = format!("/{}", "ä".repeat(10_000));
        let whole = (LONGEST_REQUEST_LINE - "GET /".len()) / 2;
        is_named("GET", &path, &format!("GET /{}…", "ä".repeat(whole)));
        let mut names = Names { peer: Peer::Local, request_line: String::new() };
        names.note_request(&"M".repeat(10_000).parse().unwrap(), &path.parse().unwrap());
        assert!(names.request_line.capacity() <= 2 * LONGEST_REQUEST_LINE);
    }

    #[test]
    fn a_request_that_is_read_ahead_is_a_partial_head_until_it_begins() {
        let mut state = State::new(Peer::Local, Phase::Http);
        assert!(!state.has_partial_head());
        state.read(&GET[..5]);
        assert!(state.has_partial_head());
        state.read(&GET[5..]);
        assert!(state.has_partial_head());
        state.begin_http1();
        assert!(!state.has_partial_head());
    }
}
