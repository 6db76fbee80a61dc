//! The supervisor: the thread that keeps the time of a sequence, even if the runtime is blocked (R15).

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::exit::Exit;
use crate::sequence::Event;
use crate::stage::Stage;

/// The interval at which a stop wakes a multi-thread runtime. A worker that blocks while it holds tokio's driver stalls
/// the timers and sockets of the idle workers, until a new task wakes one of them.
const WAKE_INTERVAL: Duration = Duration::from_millis(20);

pub(super) fn run(exit: &Arc<Exit>, wakes_runtime: bool) {
    let lifecycle = exit.lifecycle();
    let mut next_wake = None;
    while !lifecycle.notices().over.is_fired() {
        let now = lifecycle.now();
        if wakes_runtime && lifecycle.stage() != Stage::Running {
            let due = *next_wake.get_or_insert(now + WAKE_INTERVAL);
            if now >= due {
                next_wake = Some(now + WAKE_INTERVAL);
                let nothing: BoxFuture<'static, ()> = Box::pin(async {});
                drop(lifecycle.runtime().spawn(nothing));
            }
        }
        lifecycle.sleep(next_wake.map(|due| due.saturating_duration_since(now)));
        lifecycle.on(Event::Tick);
    }
    exit.watch();
}
