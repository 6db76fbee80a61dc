//! What a server has in flight: a gate that counts its connections, and a roster that names those that the drain finds
//! at work.
//!
//! While the service runs a connection costs the gate's count. Only when the drain begins, and for an upgrade, does it
//! put itself on the roster, which has a lock.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use slab::Slab;

use super::listener::{Listener, Peer};
use crate::engine::lifecycle::Lifecycle;
use crate::engine::work::Work;
use crate::report::Straggler;
use crate::sync::gate::{Gate, Pass};
use crate::sync::lock;

/// A report names at most this many groups of connections of a server.
const GROUPS: usize = 16;

/// A server at work. What it holds of the lifecycle's gate goes back when the last of its connections is gone, whether
/// or not anybody waits for that.
pub(crate) struct Serving {
    pub(crate) roster: Arc<Roster>,
}

impl Serving {
    /// `None` if the drain has begun: there is nothing to serve any more.
    pub(crate) fn begin(lifecycle: &Lifecycle, what: &str, listener: &impl Listener) -> Option<Serving> {
        let pass = lifecycle.pass()?;
        let gate = Gate::new();
        let roster = Arc::new(Roster {
            server: format!("{what} at {}", listener.address()),
            gate,
            over: AtomicBool::new(false),
            at_work: Mutex::default(),
            half_heads: AtomicUsize::new(0),
            trouble: Mutex::default(),
        });
        lifecycle.works().add(Arc::clone(&roster) as Arc<dyn Work>);
        let weak = Arc::downgrade(&roster);
        roster.gate.on_drained(move || {
            if let Some(roster) = weak.upgrade() {
                roster.over.store(true, Ordering::Relaxed);
            }
            drop(pass);
        });
        Some(Serving { roster })
    }

    /// For a connection: it is in flight until this goes. `None` once the door is closed.
    pub(crate) fn pass(&self) -> Option<Pass> {
        self.roster.gate.pass()
    }

    /// Waits for the connections. Nobody is let in any more.
    pub(crate) async fn finish(&self) {
        self.roster.gate.close();
        self.roster.gate.drained().await;
    }
}

/// Whoever waits for the server may go away; its connections are in flight all the same.
impl Drop for Serving {
    fn drop(&mut self) {
        self.roster.gate.close();
    }
}

/// The connections of a server.
pub(crate) struct Roster {
    /// What it is, and where.
    server: String,
    gate: Gate,
    /// The last one is gone.
    over: AtomicBool,
    at_work: Mutex<Slab<Entry>>,
    /// Closed at the drain with half a request's head.
    half_heads: AtomicUsize,
    trouble: Mutex<Option<(String, usize)>>,
}

struct Entry {
    peer: Peer,
    doing: Arc<dyn Doing>,
}

/// What a connection is doing. It is asked under locks, so it runs no user code.
pub(crate) trait Doing: Send + Sync {
    fn doing(&self) -> String;
}

/// A place on the roster, given up when it is dropped.
pub(crate) struct Visit {
    roster: Arc<Roster>,
    key: usize,
}

impl Drop for Visit {
    fn drop(&mut self) {
        let entry = lock(&self.roster.at_work).try_remove(self.key);
        drop(entry);
    }
}

impl Roster {
    /// For work that a connection has begun, and that may outlast its socket.
    pub(crate) fn join(&self) -> Option<Pass> {
        self.gate.join()
    }

    pub(crate) fn enter(self: &Arc<Self>, peer: Peer, doing: Arc<dyn Doing>) -> Visit {
        let key = lock(&self.at_work).insert(Entry { peer, doing });
        Visit { roster: Arc::clone(self), key }
    }

    /// Whether there are connections.
    pub(crate) fn is_at_work(&self) -> bool {
        self.gate.in_flight() > 0
    }

    /// A connection was closed with half a request's head.
    pub(crate) fn note_half_head(&self) {
        self.half_heads.fetch_add(1, Ordering::Relaxed);
    }

    /// The listener cannot accept for now.
    pub(crate) fn note_trouble(&self, error: &io::Error) {
        let mut trouble = lock(&self.trouble);
        let first = trouble.is_none();
        let (text, count) = trouble.get_or_insert_with(|| (String::new(), 0));
        *text = error.to_string();
        *count += 1;
        drop(trouble);
        if first {
            tracing::warn!(server = self.server, %error, "cannot accept connections for now");
        }
    }
}

impl Work for Roster {
    fn in_flight(&self) -> (Vec<Straggler>, usize) {
        if self.over.load(Ordering::Relaxed) {
            return (Vec::new(), 0);
        }
        let mut groups: BTreeMap<String, (String, usize)> = BTreeMap::new();
        let mut named = 0;
        for (_, entry) in &*lock(&self.at_work) {
            named += 1;
            let (_, count) = groups.entry(entry.doing.doing()).or_insert_with(|| (entry.peer.to_string(), 0));
            *count += 1;
        }
        let more = groups.len().saturating_sub(GROUPS);
        let mut stragglers: Vec<Straggler> = groups
            .into_iter()
            .take(GROUPS)
            .map(|(doing, (peer, count))| {
                let others = if count > 1 { " and others" } else { "" };
                Straggler::InFlight { doing: format!("{}: {doing}, for {peer}{others}", self.server), count }
            })
            .collect();
        if more > 0 {
            stragglers
                .push(Straggler::InFlight { doing: format!("{}: something else", self.server), count: more });
        }
        // Those that have not come to a turn since the drain began.
        let unnamed = self.gate.in_flight().saturating_sub(named);
        if unnamed > 0 {
            stragglers.push(Straggler::InFlight {
                doing: format!("{}: a connection", self.server),
                count: unnamed,
            });
        } else if stragglers.is_empty() {
            stragglers
                .push(Straggler::InFlight { doing: format!("{}: its listener", self.server), count: 1 });
        }
        (stragglers, 1)
    }

    fn notes(&self) -> Vec<String> {
        let half_heads = match self.half_heads.load(Ordering::Relaxed) {
            0 => None,
            1 => Some(format!("{}: a connection was closed with half a request's head", self.server)),
            count => {
                Some(format!("{}: {count} connections were closed with half a request's head", self.server))
            }
        };
        let trouble = lock(&self.trouble).clone().map(|(error, count)| {
            let times = if count == 1 { "once".to_owned() } else { format!("{count} times") };
            format!("{}: could not accept connections {times}, last for: {error}", self.server)
        });
        half_heads.into_iter().chain(trouble).collect()
    }

    fn is_forgotten(&self) -> bool {
        self.over.load(Ordering::Relaxed) && self.notes().is_empty()
    }
}
