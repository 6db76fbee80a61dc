//! What is known of one connection, shared by its ends: the socket's wrapper, the requests, the driver, the roster.

use std::os::fd::RawFd;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use http::uri::PathAndQuery;
use http::{Method, Request, Uri, Version};
use http_body::Body;
use tokio::time::Instant;

use super::closing::{self, HALF, Next, Seen, Since};
use super::site::Site;
use super::stamp::Stamp;
use crate::net::{Doing, Peer, Visit, waiting};
use crate::sync::gate::Pass;
use crate::sync::lock;

/// Bytes that have come are a request of their own from here on: no request is shorter.
const SHORTEST: u64 = 18;

/// How long the preface of HTTP/2 is.
const PREFACE: u64 = 24;

/// The name of a request that is longer gives its memory back at the next one.
const LONG: usize = 256;

/// One connection. The counters are written in the task of the connection; for HTTP/2 also in those of its streams,
/// which only count requests. So `Relaxed` everywhere: nothing is handed over by them.
pub(super) struct Connection {
    pub(super) site: Arc<Site>,
    pub(super) peer: Box<Peer>,
    /// The socket, below everything; -1 if there is none to ask.
    socket: RawFd,
    /// How many bytes have been read.
    read: AtomicU64,
    /// Where, among those, the next request begins: what was read before belongs to requests that have begun. An
    /// estimate, since hyper does not say how long a head was: see `begin`.
    claimed: AtomicU64,
    /// When the last answer ended: see `Stamp`.
    answered: Stamp,
    /// Flags, and above them the number of requests that are not answered to their end.
    state: AtomicU32,
    known: Mutex<Known>,
}

// A task is aligned to 128 bytes, and beside it there is room for an allocation of so many, counts of the `Arc` not
// included: it costs nothing. So the peer is on the heap too.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
const _: () = assert!(size_of::<Connection>() <= 88);

/// What is known under a lock. Nothing else is locked meanwhile: the roster asks for it under its own.
#[derive(Default)]
struct Known {
    /// The last request that began: its method and target. A copy into the same memory each time, which takes less
    /// than to count a reference to the request's own.
    latest: String,
    /// On the heap, so that an idle connection is small.
    seldom: Option<Box<Seldom>>,
}

/// What most connections never have.
#[derive(Default)]
struct Seldom {
    /// Requests that begin from this byte on came too late.
    late_from: Option<u64>,
    visit: Option<Visit>,
    /// Of HTTP/2, while there are streams: they have tasks of their own, which end a little after their connection.
    streams: Option<Pass>,
}

impl Known {
    fn seldom(&mut self) -> &mut Seldom {
        self.seldom.get_or_insert_default()
    }

    fn note_latest(&mut self, method: &Method, target: &Uri) {
        let latest = &mut self.latest;
        latest.clear();
        // The next request is written where this one was, but a long one is not made room for any longer.
        if latest.capacity() > LONG {
            *latest = String::new();
        }
        latest.push_str(method.as_str());
        latest.push(' ');
        latest.push_str(target.path_and_query().map_or("*", PathAndQuery::as_str));
    }

    fn is_late(&self, start: u64) -> bool {
        let late_from = self.seldom.as_ref().and_then(|seldom| seldom.late_from);
        late_from.is_some_and(|late_from| start >= late_from)
    }
}

const HTTP2: u32 = 1;
const STUCK_WRITING: u32 = 2;
const UPGRADED: u32 = 4;
/// Something was answered during the stop: read until the client has closed, so that no reset overtakes the answer.
const FAREWELL: u32 = 8;
/// The head of the latest answer is out.
const ANSWERING: u32 = 16;
/// It came during the stop, and has not said what it wants.
const UNDECIDED: u32 = 32;
/// What was read last ends where a body in chunks ends, and has no such end before.
const CHUNKS_ENDED: u32 = 64;
/// A body in chunks may have ended: a line that begins with a zero was read, or nobody has looked.
const CHUNKS_MAY_HAVE_ENDED: u32 = 128;
/// A request, in `state`.
const REQUEST: u32 = 256;
const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

const NEVER: u64 = u64::MAX;

impl Connection {
    pub(super) fn new(site: Arc<Site>, peer: Peer, socket: Option<RawFd>) -> Connection {
        let flags = if site.note_connection() { UNDECIDED } else { 0 };
        Connection {
            site,
            peer: Box::new(peer),
            socket: socket.unwrap_or(-1),
            read: AtomicU64::new(0),
            claimed: AtomicU64::new(0),
            answered: Stamp::default(),
            state: AtomicU32::new(flags),
            known: Mutex::default(),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        lock(&self.known)
    }

    fn requests(&self) -> u32 {
        self.state.load(Ordering::Relaxed) / REQUEST
    }

    fn has(&self, flag: u32) -> bool {
        self.state.load(Ordering::Relaxed) & flag != 0
    }

    fn set(&self, flag: u32, to: bool) {
        // A look first: most of the time there is nothing to write.
        if self.has(flag) != to {
            match to {
                true => self.state.fetch_or(flag, Ordering::Relaxed),
                false => self.state.fetch_and(!flag, Ordering::Relaxed),
            };
        }
    }

    fn in_kernel(&self) -> usize {
        if self.socket < 0 { 0 } else { waiting(self.socket) }
    }

    /// The socket's wrapper has read these.
    pub(super) fn note_read(&self, bytes: &[u8]) {
        let read = self.read.load(Ordering::Relaxed);
        if read == 0 && bytes.starts_with(b"PRI") {
            self.set(HTTP2, true);
        }
        let ended = bytes.ends_with(LAST_CHUNK)
            && !bytes[..bytes.len() - 1].windows(LAST_CHUNK.len()).any(|part| part == LAST_CHUNK);
        self.set(CHUNKS_ENDED, ended);
        self.note_chunks(read, bytes);
        self.read.store(read + bytes.len() as u64, Ordering::Relaxed);
    }

    /// Looks for the end of a body in chunks, in what was read behind the first `read` bytes. It takes time in proportion,
    /// so only where it is of use: in the reads of requests that begin during the stop.
    fn note_chunks(&self, read: u64, bytes: &[u8]) {
        let claimed = self.claimed.load(Ordering::Relaxed);
        let begins = read <= claimed && claimed != NEVER;
        if begins && !self.site.lifecycle().is_stopping() {
            self.set(CHUNKS_MAY_HAVE_ENDED, true);
        } else if begins || !self.has(CHUNKS_MAY_HAVE_ENDED) {
            self.set(CHUNKS_MAY_HAVE_ENDED, may_end_chunks(bytes));
        }
    }

    /// The socket took an answer, or would not.
    pub(super) fn note_write(&self, is_stuck: bool) {
        self.set(STUCK_WRITING, is_stuck);
    }

    /// A request begins. Whether it came too late.
    pub(super) fn begin<B: Body>(self: &Arc<Self>, request: &Request<B>) -> (bool, InFlight) {
        let http2 = request.version() == Version::HTTP_2;
        let mut start = self.claimed.load(Ordering::Relaxed);
        let read = self.read.load(Ordering::Relaxed);
        // What its first bytes looked like was a guess.
        self.set(HTTP2, http2);
        if http2 {
            self.claimed.store(read, Ordering::Relaxed);
        } else {
            let (head, body) = (length_of(request), request.body().size_hint());
            // hyper has read the headers that say it, once.
            let end = start.saturating_add(head).saturating_add(body.exact().unwrap_or(NEVER));
            // What was before may have been a body whose end is not told.
            start = start.min(read.saturating_sub(head));
            self.claimed.store(settled(end, read).max(end), Ordering::Relaxed);
            self.set(ANSWERING, false);
        }
        self.decide();
        let mut known = self.known();
        known.note_latest(request.method(), request.uri());
        self.state.fetch_add(REQUEST, Ordering::Relaxed);
        let late = match http2 {
            // What crossed the GOAWAY on its way is served.
            true => self.site.is_drained_for(HALF),
            false => known.is_late(start),
        };
        if http2 {
            let streams = &mut known.seldom().streams;
            if streams.is_none() {
                *streams = self.site.roster().join();
            }
        }
        drop(known);
        (late, InFlight { connection: Arc::clone(self) })
    }

    /// A request's answer has ended.
    fn end(&self) {
        if !self.has(HTTP2) {
            self.state.fetch_sub(REQUEST, Ordering::Relaxed);
            return;
        }
        // Under the lock, so that no stream begins between the two.
        let mut known = self.known();
        let is_last = self.state.fetch_sub(REQUEST, Ordering::Relaxed) / REQUEST == 1;
        let streams = if is_last { known.seldom().streams.take() } else { None };
        drop(known);
        drop(streams);
    }

    /// The drain finds it.
    pub(super) fn drain(&self) {
        self.site.note_drained();
        // At work: what comes after this came too late. Idle: it is kept open only for what still comes.
        if self.requests() > 0 {
            let late_from = self.read.load(Ordering::Relaxed) + self.in_kernel() as u64;
            self.known().seldom().late_from = Some(late_from);
        }
    }

    /// An answer's head goes out. Whether it should say that it is the last one.
    pub(super) fn answer(&self) -> bool {
        self.set(ANSWERING, true);
        if !self.site.lifecycle().is_stopping() || self.has(HTTP2) {
            return false;
        }
        self.set(FAREWELL, true);
        let claimed = self.claimed.load(Ordering::Relaxed);
        let read = self.read.load(Ordering::Relaxed);
        if claimed == NEVER {
            // Where it ends is not told, and the next one may be behind it: only what cannot be otherwise counts. Where
            // its body goes on hyper closes, unless the rest of it is read.
            let nothing_behind = self.has(CHUNKS_ENDED) || !self.has(CHUNKS_MAY_HAVE_ENDED);
            return nothing_behind && self.in_kernel() == 0;
        }
        // What the kernel holds is the rest of this request's body first: it may be answered before it is read.
        claimed.saturating_add(SHORTEST) > read && self.in_kernel() as u64 <= claimed.saturating_sub(read)
    }

    /// The answer was an upgrade: from now on it is at work until its socket goes.
    pub(super) fn upgrade(self: &Arc<Self>) {
        self.set(UPGRADED, true);
        self.enroll();
    }

    pub(super) fn is_upgraded(&self) -> bool {
        self.has(UPGRADED)
    }

    /// Known for certain: before its preface has come to the end there is nobody to hear a GOAWAY, and it is no more
    /// than half a head.
    pub(super) fn is_http2(&self) -> bool {
        self.has(HTTP2) && self.read.load(Ordering::Relaxed) >= PREFACE
    }

    pub(super) fn says_farewell(&self) -> bool {
        self.has(FAREWELL)
    }

    /// Puts it on the roster, by name, until its socket goes.
    pub(super) fn enroll(self: &Arc<Self>) {
        if self.known().seldom().visit.is_none() {
            // Only its own task does this, and the roster has a lock.
            let visit = self.site.roster().enter(Peer::clone(&self.peer), Arc::clone(self) as Arc<dyn Doing>);
            self.known().seldom().visit = Some(visit);
        }
    }

    fn decide(&self) {
        if self.has(UNDECIDED) {
            self.set(UNDECIDED, false);
            self.site.note_decision();
        }
    }

    /// Its socket is gone.
    pub(super) fn leave(&self) {
        self.decide();
        let visit = self.known().seldom.as_mut().and_then(|seldom| seldom.visit.take());
        drop(visit);
    }

    /// What is to be done with it, as it is now.
    pub(super) fn next(&self, since: Since) -> Next {
        closing::next(self.seen(), since, Instant::now(), self.site.bounds(self))
    }

    fn seen(&self) -> Seen {
        let requests = self.requests();
        let read = self.read.load(Ordering::Relaxed);
        Seen {
            http2: self.is_http2(),
            requests,
            is_stuck_writing: self.has(STUCK_WRITING),
            in_kernel: if requests == 0 { self.in_kernel() } else { 0 },
            half_head: !self.is_http2() && read > self.claimed.load(Ordering::Relaxed),
            first_byte: read > 0,
            answered: self.answered.at(self.site.began()),
        }
    }

    /// Its part of a spread: any number will do that differs between connections.
    pub(super) fn part_of(&self, spread: Duration) -> Duration {
        let scattered = (std::ptr::from_ref(self) as usize as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let scattered = u32::try_from(scattered).unwrap_or(u32::MAX);
        spread.mul_f64(f64::from(scattered) / f64::from(u32::MAX))
    }
}

/// Also where it had no socket of ours yet: its handshake failed.
impl Drop for Connection {
    fn drop(&mut self) {
        self.decide();
    }
}

impl Doing for Connection {
    fn doing(&self) -> String {
        let latest = self.known().latest.clone();
        let line = if latest.is_empty() { latest } else { format!("`{latest}`") };
        match self.requests() {
            _ if self.has(UPGRADED) => format!("upgraded by {line}"),
            0 if self.has(STUCK_WRITING) => format!("{line} is answered, and the client does not read"),
            0 if self.is_http2() => "an idle HTTP/2 connection".to_owned(),
            0 if self.read.load(Ordering::Relaxed) > self.claimed.load(Ordering::Relaxed) => {
                "half a request's head".to_owned()
            }
            0 => "an idle connection".to_owned(),
            1 if self.has(ANSWERING) => format!("{line} is being answered"),
            1 => format!("{line} has no answer yet"),
            more => format!("{line} and {} more streams", more - 1),
        }
    }
}

/// A request, until its answer has ended.
pub(super) struct InFlight {
    connection: Arc<Connection>,
}

impl InFlight {
    pub(super) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let connection = &*self.connection;
        let read = connection.read.load(Ordering::Relaxed);
        let claimed = connection.claimed.load(Ordering::Relaxed);
        connection.claimed.store(settled(claimed, read), Ordering::Relaxed);
        connection.answered.set(connection.site.began());
        connection.end();
    }
}

/// Where the next request begins, if the last one ended at `end` by our count: there, if the next one may have come
/// already; else behind all that was read, for what is less than a request is our miscount of an odd head.
fn settled(end: u64, read: u64) -> u64 {
    if end.saturating_add(SHORTEST) <= read { end } else { read }
}

/// Whether the last chunk of a body may begin in there, whatever its extensions and trailers.
fn may_end_chunks(bytes: &[u8]) -> bool {
    const LINE_OF_ZERO: &[u8] = b"\r\n0";
    // The line may have begun in what was read before.
    let in_between = bytes.starts_with(b"0") || bytes.starts_with(b"\n0");
    in_between || bytes.windows(LINE_OF_ZERO.len()).any(|part| part == LINE_OF_ZERO)
}

/// How many bytes the head of a request of HTTP/1 takes, as most clients write it.
fn length_of<B>(request: &Request<B>) -> u64 {
    const LINE: usize = "  HTTP/1.1\r\n".len();
    const BETWEEN: usize = ": \r\n".len();
    let target = request.uri().path_and_query().map_or(1, |target| target.as_str().len());
    let headers = request.headers();
    let fields: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + BETWEEN).sum();
    (request.method().as_str().len() + target + LINE + fields + "\r\n".len()) as u64
}
