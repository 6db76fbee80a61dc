//! What the connections of a server share: its settings, and what is known of its lame duck.

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::time::Instant;

use super::age::Age;
use super::asks::Asks;
use super::hooks::Hooks;
use super::late_requests::LateRequests;
use super::notices::Notices;
use super::protocol::Protocol;
use crate::edge::Edge;
use crate::edge::in_flight::InFlight;
use crate::net::Places;
use crate::sync::lock;

/// The settings of [`Server`](super::Server).
pub(super) struct Settings {
    pub(super) protocol: Protocol,
    pub(super) drain_idle_timeout: Duration,
    pub(super) partial_head_timeout: Duration,
    pub(super) close_jitter: Duration,
    pub(super) late_requests: LateRequests,
    pub(super) lame_duck_early_end: bool,
    pub(super) connection_info: bool,
    /// hyper's own setting has no effect on connections that can be upgraded.
    pub(super) http1_only: bool,
    pub(super) places: Places,
    pub(super) age: Age,
    pub(super) hooks: Hooks,
}

/// What the connections of a server share.
pub(super) struct Site {
    pub(super) edge: Edge,
    pub(super) in_flight: Arc<InFlight>,
    pub(super) settings: Box<Settings>,
    pub(super) notices: Notices,
    /// A connection has no layer over its socket, such as TLS, that says something when it closes.
    pub(super) is_bare: bool,
    /// When the drain found the last of the connections.
    drained_at: Mutex<Option<Instant>>,
    lame_duck: Mutex<LameDuck>,
}

impl Site {
    pub(super) fn new(
        edge: Edge,
        in_flight: Arc<InFlight>,
        notices: Notices,
        settings: Box<Settings>,
        is_bare: bool,
    ) -> Site {
        let (drained_at, lame_duck) = (Mutex::default(), Mutex::default());
        Site { edge, in_flight, settings, notices, is_bare, drained_at, lame_duck }
    }

    /// Notes that the drain has found a connection.
    pub(super) fn note_drained(&self) {
        *lock(&self.drained_at) = Some(Instant::now());
    }

    /// Whether the drain found each of the connections longer ago than this.
    pub(super) fn is_drained_for(&self, time: Duration) -> bool {
        // Before the drain no thread takes the lock, which all connections share.
        self.notices.draining.is_fired()
            && lock(&self.drained_at).is_some_and(|drained_at| drained_at.elapsed() > time)
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.notices.stopping.is_fired()
    }

    /// Whether HTTP/1 clients are to open a new connection for their next request: the stop has begun, or the readiness is
    /// drained.
    pub(super) fn closes_connections(&self) -> bool {
        self.is_stopping() || self.edge.is_readiness_drained()
    }

    /// Whether the service stops, and not only this server.
    fn is_lame_duck(&self) -> bool {
        self.edge.stopping().is_fired()
    }
}

/// How long a lame duck has to be quiet before it can end early.
const QUIET_BEFORE_EARLY_END: Duration = Duration::from_secs(1);
/// How often the server looks whether it has been.
const QUIET_LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// What is known of the lame duck: whether any client still sends work. Written only while the service stops.
#[derive(Default)]
struct LameDuck {
    /// A readiness probe has received the answer that the service is not ready.
    is_known: bool,
    /// When the last request of the service itself came.
    wanted_at: Option<Instant>,
    /// Connections that came during the stop and have not sent a request.
    undecided: usize,
}

impl Site {
    /// Notes a new connection, and says whether the lame duck has to wait for its first request.
    pub(super) fn note_connection(&self) -> bool {
        let is_undecided = self.settings.lame_duck_early_end && self.is_lame_duck();
        if is_undecided {
            lock(&self.lame_duck).undecided += 1;
        }
        is_undecided
    }

    /// Notes that an undecided connection has sent a request, or is gone.
    pub(super) fn note_decision(&self) {
        lock(&self.lame_duck).undecided -= 1;
    }

    /// Notes a request, and says what it asks for if that matters.
    pub(super) fn note_request(&self, path: &str) -> Asks {
        if !self.settings.lame_duck_early_end || !self.is_lame_duck() {
            return Asks::Service;
        }
        let asks = Asks::of(path);
        if asks == Asks::Service {
            lock(&self.lame_duck).wanted_at = Some(Instant::now());
        }
        asks
    }

    /// Notes that a readiness probe has received the answer that the service is not ready.
    pub(super) fn note_unready(&self) {
        lock(&self.lame_duck).is_known = true;
    }

    /// Ends the lame duck when no client sends work any more, while `served` goes on.
    pub(super) async fn watch_while<T>(&self, served: impl Future<Output = T>) -> T {
        let watch = async {
            self.edge.stopping().wait().await;
            let began = Instant::now();
            loop {
                tokio::time::sleep(QUIET_LOOK_INTERVAL).await;
                let lame_duck = lock(&self.lame_duck);
                let quiet_since = lame_duck.wanted_at.map_or(began, |wanted_at| wanted_at.max(began));
                let is_unwanted = lame_duck.is_known && lame_duck.undecided == 0;
                if is_unwanted && quiet_since.elapsed() >= QUIET_BEFORE_EARLY_END {
                    break;
                }
            }
            self.edge.unwanted();
            std::future::pending().await
        };
        match select(pin!(served), pin!(watch)).await {
            Either::Left((served, _)) => served,
            Either::Right((never, _)) => never,
        }
    }
}
