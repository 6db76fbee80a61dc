//! The thread that keeps a sequence's time, whatever the runtime does (R15).

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::exit::Exit;
use crate::sequence::Event;
use crate::stage::Stage;

/// How often a multi-thread runtime is poked during a stop: a worker that blocks while it holds tokio's driver stalls
/// the timers and sockets of the idle workers too, until a task wakes one of them.
const POKE: Duration = Duration::from_millis(20);

pub(super) fn run(exit: &Arc<Exit>, poke: bool) {
    let lifecycle = exit.lifecycle();
    let mut next_poke = None;
    while !lifecycle.notices().over.is_fired() {
        let now = lifecycle.now();
        if poke && lifecycle.stage() != Stage::Running {
            let due = *next_poke.get_or_insert(now + POKE);
            if now >= due {
                next_poke = Some(now + POKE);
                let nothing: BoxFuture<'static, ()> = Box::pin(async {});
                drop(lifecycle.runtime().spawn(nothing));
            }
        }
        lifecycle.sleep(next_poke.map(|due| due.saturating_duration_since(now)));
        lifecycle.on(Event::Tick);
    }
    exit.watch();
}
