//! What the connections of a server share: its settings, and what is seen of its lame duck.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::{Either, select};
use hyper_util::server::conn::auto;
use tokio::time::Instant;

use super::closing::Bounds;
use super::connection::Connection;
use super::latecomer::Latecomers;
use super::probes::Asks;
use super::server::Streams;
use super::stamp::Stamp;
use crate::engine::lifecycle::Lifecycle;
use crate::net::Roster;
use crate::sequence::Event;

#[derive(Clone)]
pub(super) struct Settings {
    pub(super) hyper: auto::Builder<Streams>,
    pub(super) linger: Duration,
    pub(super) half_head: Duration,
    pub(super) close_spread: Duration,
    pub(super) latecomers: Latecomers,
    pub(super) early_end: bool,
    pub(super) connection_info: bool,
    /// A connection has nothing to say when it closes.
    pub(super) is_plain: bool,
}

/// What the connections of a server share.
pub(super) struct Site {
    lifecycle: Lifecycle,
    roster: Arc<Roster>,
    settings: Box<Settings>,
    began: Instant,
    /// When the drain found the last one of the connections.
    drained: Stamp,
    lame_duck: LameDuck,
}

impl Site {
    pub(super) fn new(lifecycle: Lifecycle, roster: Arc<Roster>, settings: Box<Settings>) -> Site {
        Site {
            lifecycle,
            roster,
            settings,
            began: Instant::now(),
            drained: Stamp::default(),
            lame_duck: LameDuck::default(),
        }
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(super) fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    pub(super) fn roster(&self) -> &Arc<Roster> {
        &self.roster
    }

    pub(super) fn began(&self) -> Instant {
        self.began
    }

    /// The drain finds a connection.
    pub(super) fn note_drained(&self) {
        self.drained.set(self.began);
    }

    /// Whether it found each of them longer ago than this.
    pub(super) fn is_drained_for(&self, time: Duration) -> bool {
        self.drained.at(self.began).is_some_and(|drained| drained.elapsed() > time)
    }

    pub(super) fn latecomers(&self) -> Latecomers {
        self.settings.latecomers
    }

    pub(super) fn is_plain(&self) -> bool {
        self.settings.is_plain
    }

    pub(super) fn tells_connections(&self) -> bool {
        self.settings.connection_info
    }

    pub(super) fn bounds(&self, connection: &Connection) -> Bounds {
        let Settings { linger, half_head, close_spread, .. } = *self.settings;
        let spread = if close_spread.is_zero() { close_spread } else { connection.part_of(close_spread) };
        Bounds { linger, half_head, spread }
    }
}

/// A lame duck that nobody wants anything of for so long, in milliseconds, has done what it is for.
const QUIET: u64 = 1_000;

/// What is seen of the lame duck: whether anybody still wants something. Written only while the service stops.
#[derive(Default)]
struct LameDuck {
    /// A readiness probe has heard it.
    heard: AtomicBool,
    /// When somebody wanted something: milliseconds after the server began.
    wanted: AtomicU64,
    /// Connections that came during the stop, and have not said what they want.
    undecided: AtomicU32,
}

impl Site {
    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// A connection comes; whether it is to be asked what it wants.
    pub(super) fn note_connection(&self) -> bool {
        let asked = self.settings.early_end && self.lifecycle.is_stopping();
        if asked {
            self.lame_duck.undecided.fetch_add(1, Ordering::Relaxed);
        }
        asked
    }

    /// It has said so, or has gone.
    pub(super) fn note_decision(&self) {
        self.lame_duck.undecided.fetch_sub(1, Ordering::Relaxed);
    }

    /// A request begins; what it asks for, where anybody wants to know.
    pub(super) fn note_request(&self, path: &str) -> Asks {
        if !self.settings.early_end || !self.lifecycle.is_stopping() {
            return Asks::Service;
        }
        let asks = Asks::of(path);
        if asks == Asks::Service {
            self.lame_duck.wanted.store(self.now(), Ordering::Relaxed);
        }
        asks
    }

    pub(super) fn note_unready(&self) {
        self.lame_duck.heard.store(true, Ordering::Relaxed);
    }

    /// Ends the lame duck when nobody wants anything any more, while `kept` goes on.
    pub(super) async fn watch_while<T>(&self, kept: impl Future<Output = T>) -> T {
        let watch = async {
            self.lifecycle.notices().stopping.wait().await;
            let began = self.now();
            loop {
                tokio::time::sleep(Duration::from_millis(50)).await;
                let quiet_from = self.lame_duck.wanted.load(Ordering::Relaxed).max(began);
                let wanted = self.lame_duck.undecided.load(Ordering::Relaxed) > 0;
                if self.lame_duck.heard.load(Ordering::Relaxed) && !wanted && self.now() >= quiet_from + QUIET
                {
                    break;
                }
            }
            self.lifecycle.on(Event::Unwanted);
            std::future::pending().await
        };
        match select(pin!(kept), pin!(watch)).await {
            Either::Left((kept, _)) => kept,
            Either::Right((never, _)) => never,
        }
    }
}
