//! What is known of one connection. The socket's wrapper, the requests and the driver share it, and the report asks it.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use http::{Request, Version};
use tokio::time::Instant;

use super::closing::{self, Bounds, FINISH_IDLE_TIMEOUT, GOAWAY_TIMEOUT, Next, Seen, Since};
use super::framing::{Framing, Missing};
use super::hooks::{Disconnect, DisconnectReason};
use super::site::Site;
use super::state::{Course, Late, Phase, State};
use crate::edge::in_flight::Describe;
use crate::net::{Peer, SocketId};
use crate::sync::catch::catch;
use crate::sync::lock;

/// A connection. Its state is written in the task of the connection. For HTTP/2 the tasks of its streams also count
/// requests. No other lock is taken under the one of the state, because the report takes it under those of the engine and
/// the registry.
pub(super) struct Connection {
    pub(super) site: Arc<Site>,
    /// The socket under everything else, if it is one that can be asked for its unread bytes.
    socket: Option<SocketId>,
    state: Mutex<State>,
}

// Each idle connection has one. A task is aligned to 128 bytes, and the allocator has room for this next to it.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
const _: () = assert!(size_of::<Connection>() <= 88);

impl Connection {
    pub(super) fn new(site: Arc<Site>, peer: Peer, socket: Option<SocketId>) -> Connection {
        let phase = if site.note_connection() { Phase::Undecided } else { Phase::Http };
        Connection { site, socket, state: Mutex::new(State::new(peer, phase)) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn in_kernel(&self) -> usize {
        self.socket.map_or(0, SocketId::unread_bytes)
    }

    pub(super) fn peer(&self) -> Peer {
        self.state().names.peer.clone()
    }

    /// Notes bytes that the socket's wrapper has read, and says in which phase the connection is.
    ///
    /// # Errors
    ///
    /// If they are HTTP/2, and the server does not speak it.
    pub(super) fn note_read(&self, bytes: &[u8]) -> io::Result<Phase> {
        let mut state = self.state();
        state.read(bytes);
        match state.framing.is_http2() && self.site.settings.http1_only {
            true => Err(io::Error::new(io::ErrorKind::InvalidData, "HTTP/2 on a server with `http1_only`")),
            false => Ok(state.phase),
        }
    }

    /// Notes whether the socket took bytes of a response, and says in which phase the connection is.
    pub(super) fn note_write(&self, is_stuck: bool) -> Phase {
        let mut state = self.state();
        state.is_stuck_writing = is_stuck;
        state.phase
    }

    /// Notes that a request begins, and says whether it came too late.
    pub(super) fn begin<B>(self: &Arc<Self>, request: &Request<B>) -> (bool, OpenRequest) {
        let is_http2 = request.version() == Version::HTTP_2;
        // What crossed the GOAWAY on its way is served.
        let is_late_stream = is_http2 && self.site.is_drained_for(GOAWAY_TIMEOUT);
        let mut state = self.state();
        state.names.note_request(request.method(), request.uri());
        state.requests += 1;
        let is_undecided = state.is_undecided();
        if is_undecided {
            state.phase = Phase::Http;
        }
        let is_late = if is_http2 {
            let streams = &mut state.rare().streams;
            if streams.is_none() {
                *streams = self.site.in_flight.join();
            }
            is_late_stream
        } else {
            state.begin_http1()
        };
        drop(state);
        if is_undecided {
            self.site.note_decision();
        }
        (is_late, OpenRequest { connection: Arc::clone(self) })
    }

    /// Notes that the response to a request has ended.
    fn end(&self) {
        let mut state = self.state();
        state.answered_at = Some(Instant::now());
        state.requests -= 1;
        let is_last = state.requests == 0;
        let streams = state.rare.as_mut().filter(|_| is_last).and_then(|rare| rare.streams.take());
        drop(state);
        drop(streams);
    }

    /// Tells the connection to finish, while the server goes on: the next response says that it is the last one, and the
    /// driver closes the connection when it is idle. Requests that have been sent are served. Only the driver calls this.
    pub(super) fn finish(&self) {
        let mut state = self.state();
        if state.course == Course::Open {
            state.course = Course::Finishes;
        }
    }

    pub(super) fn course(&self) -> Course {
        self.state().course
    }

    /// Notes that the drain has found the connection.
    pub(super) fn drain(&self) {
        self.site.note_drained();
        let unread = self.in_kernel() as u64;
        let mut state = self.state();
        state.course = Course::Drained;
        // If a request is in progress, what comes after this comes too late. An idle connection stays open only for
        // what still comes.
        if state.requests > 0 {
            state.rare().late = Some(Late { unread, in_time: None });
        }
    }

    /// Notes that the head of a response is sent, and says whether it has to carry `Connection: close`.
    pub(super) fn answer(&self) -> bool {
        let closes = self.site.closes_connections();
        let mut state = self.state();
        state.is_answering = true;
        let is_last = closes || state.course != Course::Open;
        if !is_last || state.framing.is_http2() {
            return false;
        }
        state.lingers = true;
        // A further request that has been sent has to be answered too.
        if state.has_partial_head() {
            return false;
        }
        let missing = state.framing.missing();
        drop(state);
        // What the kernel holds is the rest of this request's body first: a response may come before the body is read.
        match missing {
            Missing::Bytes(missing) => self.in_kernel() as u64 <= missing,
            Missing::Chunks => self.in_kernel() == 0,
        }
    }

    /// Notes that the response is an upgrade. The connection is in flight until its socket is dropped.
    pub(super) fn upgrade(self: &Arc<Self>) {
        let mut state = self.state();
        state.phase = Phase::Upgraded;
        state.framing = Framing::Foreign;
        drop(state);
        self.name();
    }

    pub(super) fn is_http2(&self) -> bool {
        self.state().framing.is_http2()
    }

    /// Whether the connection has nothing to say when it closes: it is a bare socket, and does not speak HTTP/2.
    pub(super) fn closes_by_drop(&self) -> bool {
        self.site.is_bare && self.socket.is_some() && !self.is_http2()
    }

    pub(super) fn lingers(&self) -> bool {
        self.state().lingers
    }

    /// Names the connection in the report until its socket is dropped.
    pub(super) fn name(self: &Arc<Self>) {
        if self.state().rare().named.is_none() {
            // Only the task of the connection does this. The registry has a lock of its own.
            let named = self.site.in_flight.name(Arc::clone(self) as Arc<dyn Describe>);
            self.state().rare().named = Some(named);
        }
    }

    /// Notes that the lame duck need not wait for a first request.
    fn decide(&self) {
        let mut state = self.state();
        if state.is_undecided() {
            state.phase = Phase::Http;
            drop(state);
            self.site.note_decision();
        }
    }

    /// Notes that the time of the connection is up.
    pub(super) fn cut_off(&self) {
        self.state().course = Course::CutOff;
    }

    /// Calls the hook of the program for a new connection.
    pub(super) fn enter(&self) {
        let hooks = &self.site.settings.hooks;
        if hooks.on_disconnect.is_some() {
            self.state().rare().opened_at = Some(Instant::now());
        }
        if let Some(hook) = &hooks.on_connect {
            self.call(|| hook(&self.peer()));
        }
    }

    /// Notes that the socket is gone.
    pub(super) fn leave(&self) {
        let reason = match self.course() {
            Course::Open => DisconnectReason::Closed,
            Course::Finishes => DisconnectReason::MaxAge,
            Course::Drained => DisconnectReason::Drained,
            Course::CutOff => DisconnectReason::CutOff,
        };
        self.leave_for(reason);
    }

    fn leave_for(&self, reason: DisconnectReason) {
        self.decide();
        let (named, opened_at) = match self.state().rare.as_mut() {
            Some(rare) => (rare.named.take(), rare.opened_at.take()),
            None => (None, None),
        };
        drop(named);
        if let Some(opened_at) = opened_at
            && let Some(hook) = &self.site.settings.hooks.on_disconnect
        {
            let disconnect = Disconnect { duration: opened_at.elapsed(), reason };
            self.call(|| hook(&self.peer(), &disconnect));
        }
    }

    /// Calls code of the user. Its panic is reported, and nothing else is lost.
    fn call(&self, hook: impl FnOnce()) {
        if let Err(panic) = catch(hook) {
            self.site.edge.task_panicked(&panic);
        }
    }

    /// Decides what the drain does with the connection now.
    pub(super) fn next(&self, since: Since) -> Next {
        closing::next(self.seen(), since, Instant::now(), self.bounds())
    }

    fn seen(&self) -> Seen {
        let state = self.state();
        Seen {
            http2: state.framing.is_http2(),
            requests: state.requests,
            is_stuck_writing: state.is_stuck_writing,
            // Asked only if it matters, because it is a system call.
            in_kernel: if state.requests == 0 { self.in_kernel() } else { 0 },
            partial_head: state.has_partial_head(),
            first_byte: !state.framing.is_new(),
            answered_at: state.answered_at,
        }
    }

    fn bounds(&self) -> Bounds {
        let settings = &self.site.settings;
        if self.course() == Course::Finishes {
            let idle = settings.drain_idle_timeout.max(FINISH_IDLE_TIMEOUT);
            return Bounds { idle, partial_head: settings.partial_head_timeout, jitter: Duration::ZERO };
        }
        Bounds {
            idle: settings.drain_idle_timeout,
            partial_head: settings.partial_head_timeout,
            jitter: settings.close_jitter.mul_f64(self.share()),
        }
    }

    /// Gives a number from 0 to 1 that differs between connections.
    fn share(&self) -> f64 {
        let scattered = (std::ptr::from_ref(self) as usize as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        f64::from(u32::try_from(scattered).unwrap_or(u32::MAX)) / f64::from(u32::MAX)
    }
}

/// A connection whose handshake failed never had a socket's wrapper, which leaves in any other case.
impl Drop for Connection {
    fn drop(&mut self) {
        self.leave_for(DisconnectReason::HandshakeFailed);
    }
}

impl Describe for Connection {
    fn doing(&self) -> String {
        self.state().doing()
    }

    fn client(&self) -> String {
        self.peer().to_string()
    }
}

/// A request, until its response has ended.
pub(super) struct OpenRequest {
    connection: Arc<Connection>,
}

impl OpenRequest {
    pub(super) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.connection.end();
    }
}
