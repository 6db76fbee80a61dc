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
    while !lifecycle.is_over() {
        let stopping = lifecycle.stage() != Stage::Running;
        lifecycle.sleep((poke && stopping).then_some(POKE));
        if poke && stopping {
            let nothing: BoxFuture<'static, ()> = Box::pin(async {});
            drop(lifecycle.runtime().spawn(nothing));
        }
        lifecycle.on(Event::Tick);
    }
    exit.take_over_if_needed();
}
