//! What the handler and the stream of a connection know of each other.

use std::fmt;
use std::mem;
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Waker};

use tokio::runtime::Handle;
use tokio::time::Instant;

use super::listener::Peer;
use super::quiet::{self, Next, Phase, Seen};
use super::unread::SocketId;
use crate::edge::Edge;
use crate::edge::in_flight::{Describe, InFlight};
use crate::sync::lock;

/// What the connections of one server have in common.
pub(super) struct Site {
    pub(super) edge: Edge,
    pub(super) in_flight: Arc<InFlight>,
    pub(super) runtime: Handle,
    /// Set by the first connection that notices it.
    drain_began: OnceLock<Instant>,
}

impl Site {
    pub(super) fn new(edge: Edge, in_flight: Arc<InFlight>) -> Site {
        Site { edge, in_flight, runtime: Handle::current(), drain_began: OnceLock::new() }
    }
}

/// The state of a connection, for its stream, its markers and the task of its handler.
pub(super) struct State {
    site: Arc<Site>,
    peer: Peer,
    seen: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    phase: Phase,
    last_read: Option<Instant>,
    last_write: Option<Instant>,
    /// Whether the handler has ever said in which phase the connection is.
    is_marked: bool,
    /// Whether the handler waits for bytes of the client.
    waits: bool,
    /// The task that reads, if only a mark can end its wait.
    reader: Option<Waker>,
    /// The socket, if it is of a known type. Removed under the lock before the socket closes, so that no call is about
    /// another socket with the same number.
    socket: Option<SocketId>,
    /// Whether the kernel holds back the last packet.
    holds_back: bool,
}

impl State {
    pub(super) fn new(site: Arc<Site>, peer: Peer) -> State {
        State { site, peer, seen: Mutex::default() }
    }

    pub(super) fn site(&self) -> &Arc<Site> {
        &self.site
    }

    /// Tells which socket the connection has.
    pub(super) fn open(&self, socket: Option<SocketId>) {
        lock(&self.seen).socket = socket;
    }

    /// Forgets the socket. Gives the time of the last write.
    pub(super) fn close(&self) -> Option<Instant> {
        let mut known = lock(&self.seen);
        known.socket = None;
        known.last_write
    }

    pub(super) fn mark_idle(&self, buffered: &[u8]) {
        self.mark(if buffered.is_empty() { Phase::Idle } else { Phase::Reading });
    }

    pub(super) fn mark_busy(&self) {
        self.mark(Phase::Busy);
    }

    fn mark(&self, phase: Phase) {
        let reader = {
            let mut known = lock(&self.seen);
            known.phase = phase;
            known.is_marked = true;
            known.reader.take()
        };
        // A read in another task waits for the time of another phase.
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    pub(super) fn may_end(&self) -> bool {
        if !self.site.edge.draining().is_fired() {
            return false;
        }
        let now = Instant::now();
        let drain = *self.site.drain_began.get_or_init(|| now);
        let known = lock(&self.seen);
        let seen = known.seen();
        let awaits_answer = known.holds_back && seen.phase == Phase::Idle && seen.in_kernel == Some(0);
        awaits_answer || quiet::next(seen, drain, now) == Next::End
    }

    pub(super) fn note_read(&self) {
        let mut known = lock(&self.seen);
        known.waits = false;
        known.last_read = Some(Instant::now());
        if known.phase == Phase::Idle {
            known.phase = Phase::Reading;
        }
    }

    pub(super) fn note_write(&self) {
        let mut known = lock(&self.seen);
        known.waits = false;
        known.last_write = Some(Instant::now());
    }

    /// Notes that the handler waits for bytes, so that its client receives all that was written.
    pub(super) fn note_waiting(&self) {
        let mut known = lock(&self.seen);
        known.waits = true;
        known.send();
    }

    /// Lets the kernel hold back the packet with the last answer, which may also be the end of the connection.
    pub(super) fn hold_back(&self) {
        let mut known = lock(&self.seen);
        if let Some(socket) = known.socket
            && !known.holds_back
        {
            known.holds_back = socket.hold_back(true);
        }
    }

    /// Lets the kernel send what it holds back, because the handler goes on.
    pub(super) fn send(&self) {
        lock(&self.seen).send();
    }

    /// Decides whether the drain ends this connection, whose handler waits for bytes.
    pub(super) fn next(&self, cx: &mut Context<'_>) -> Next {
        let now = Instant::now();
        let drain = *self.site.drain_began.get_or_init(|| now);
        // Cloned and dropped without the lock, because a waker is code of an executor.
        let mut reader = Some(cx.waker().clone());
        let mut known = lock(&self.seen);
        let seen = known.seen();
        mem::swap(&mut known.reader, &mut reader);
        drop(known);
        quiet::next(seen, drain, now)
    }
}

impl Known {
    fn seen(&self) -> Seen {
        Seen {
            phase: self.phase,
            in_kernel: self.socket.map(SocketId::unread_bytes),
            last_read: self.last_read,
            last_write: self.last_write,
        }
    }

    fn send(&mut self) {
        if let Some(socket) = self.socket
            && mem::take(&mut self.holds_back)
        {
            socket.hold_back(false);
        }
    }
}

impl Describe for State {
    fn doing(&self) -> String {
        let known = lock(&self.seen);
        match known.waits && !known.is_marked {
            true => "a handler waits for its client, and has never called `mark_idle`".to_owned(),
            false => "a handler is running".to_owned(),
        }
    }

    fn client(&self) -> String {
        self.peer.to_string()
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("peer", &self.peer).field("phase", &lock(&self.seen).phase).finish()
    }
}
