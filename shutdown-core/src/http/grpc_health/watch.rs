//! `Watch`: a stream of states, which ends at the notice.
//!
//! | the call begins | the stream |
//! |---|---|
//! | before the stop | has the state and each change, and ends with `NOT_SERVING` at the notice |
//! | in the lame duck | has `NOT_SERVING`, and ends when the drain begins |
//! | in the drain or later | is refused with `UNAVAILABLE` |
//!
//! A client calls again when a stream ends: grpc-go at once after a message, and later after none. So a stream of the
//! second kind stays open, and one of the third kind has no message.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::select;
use futures_util::stream;
use http_body::Frame;
use hyper::body::Bytes;

use super::super::probe_body::ProbeBody;
use super::message::State;
use super::{Refusal, end};
use crate::edge::Edge;
use crate::edge::readiness::Readiness;

/// How often the instances are asked. Other changes are told at once.
const INTERVAL: Duration = Duration::from_secs(1);

struct Watch {
    edge: Edge,
    is_known: bool,
    /// Whether the call began in the stop.
    is_late: bool,
    said: Option<State>,
    /// Whether the trailers were sent.
    has_ended: bool,
}

/// Begins to watch.
pub(super) fn begin(edge: Edge, is_known: bool) -> Result<ProbeBody, Refusal> {
    let is_late = edge.readiness() == Readiness::Stopping;
    if is_late && edge.draining().is_fired() {
        return Err(Refusal::STOPPING);
    }
    let watch = Watch { edge, is_known, is_late, said: None, has_ended: false };
    Ok(ProbeBody::frames(stream::unfold(watch, Watch::next)))
}

impl Watch {
    async fn next(mut self) -> Option<(Frame<Bytes>, Watch)> {
        if self.has_ended {
            return None;
        }
        loop {
            let state = {
                // Registered before the look, so that no change is missed.
                let mut changed = pin!(self.edge.readiness_changed());
                changed.as_mut().enable();
                let state = self.look().await;
                if self.said == Some(state) && !self.is_over() {
                    let (stop, drain) = (self.edge.stopping(), self.edge.draining());
                    // A notice that has fired already is not waited for.
                    let next = if stop.is_fired() { drain } else { stop };
                    let told = select(changed, next.wait());
                    let _ = tokio::time::timeout(INTERVAL, told).await;
                    continue;
                }
                state
            };
            if self.said == Some(state) {
                self.has_ended = true;
                return Some((end(), self));
            }
            self.said = Some(state);
            return Some((state.frame(), self));
        }
    }

    async fn look(&self) -> State {
        if self.is_known { State::of(&self.edge.health(false).await) } else { State::ServiceUnknown }
    }

    /// Whether nothing more is said after the last state.
    fn is_over(&self) -> bool {
        let is_stopping = self.edge.readiness() == Readiness::Stopping;
        is_stopping && (!self.is_late || self.edge.draining().is_fired())
    }
}
