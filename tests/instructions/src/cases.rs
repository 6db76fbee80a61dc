//! What is measured. Each case does an operation so many times, on one thread.

mod messages;
mod observing;
mod requests;
mod teardowns;

use tokio::runtime::{Builder, Runtime};

/// The side of a case with our code.
pub(crate) const OURS: &str = "ours";
/// The side of a case without it.
pub(crate) const FLOOR: &str = "floor";

/// An operation, and how often the shorter run does it.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) times: u64,
    /// The number of runs, of which the least counts. A case that waits for the kernel has more than one.
    pub(crate) runs: usize,
    pub(crate) ours: fn(u64),
    pub(crate) floor: Option<fn(u64)>,
}

pub(crate) const CASES: [Case; 9] = [
    Case {
        name: "a request on a kept connection",
        times: 1_000,
        runs: 3,
        ours: requests::ours,
        floor: Some(requests::of_hyper),
    },
    Case { name: "a pass, taken and given back", times: 10_000, runs: 1, ours: observing::pass, floor: None },
    Case { name: "a poll of `stopping`", times: 10_000, runs: 1, ours: observing::stopping, floor: None },
    Case { name: "manage one, in no order", times: 1_000, runs: 1, ours: teardowns::manage, floor: None },
    Case {
        name: "manage one, in a chain",
        times: 1_000,
        runs: 1,
        ours: teardowns::manage_chain,
        floor: None,
    },
    Case {
        name: "tear down one, in no order",
        times: 1_000,
        runs: 1,
        ours: teardowns::tear_down,
        floor: Some(teardowns::manage),
    },
    Case {
        name: "tear down one, in a chain",
        times: 1_000,
        runs: 1,
        ours: teardowns::tear_down_chain,
        floor: Some(teardowns::manage_chain),
    },
    Case {
        name: "a message, one at a time",
        times: 2_000,
        runs: 1,
        ours: messages::one_at_a_time,
        floor: None,
    },
    Case {
        name: "a message, 64 at a time",
        times: 2_000,
        runs: 1,
        ours: messages::many_at_a_time,
        floor: None,
    },
];

/// Runs one side of a case.
pub(crate) fn run(name: &str, side: &str, times: u64) {
    let case = CASES.iter().find(|case| case.name == name).expect("a case");
    let run = match side {
        OURS => case.ours,
        _ => case.floor.expect("the case has a floor"),
    };
    run(times);
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// Returns a runtime whose clock stands still. A slow machine would otherwise have more of what happens once in a while.
fn runtime_without_time() -> Runtime {
    Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime")
}
