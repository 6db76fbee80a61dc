//! The cost of taking and returning a pass, on one thread and on two threads.

use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};

use hyper_util::server::graceful::GracefulShutdown;
use lifecycle::{Gate, Lifecycle};
use tokio_util::task::TaskTracker;

use crate::row;
use crate::table::{self, Goal};
use crate::turns::{ROUNDS, middle, time};

pub(crate) fn run() -> Vec<Goal> {
    let counter = AtomicUsize::new(0);
    let gate = Gate::new();
    let tracker = TaskTracker::new();
    let hyper = GracefulShutdown::new();
    let lifecycle = Lifecycle::builder().build();
    lifecycle.ready();
    let mut names = Vec::new();
    let mut one: Vec<Vec<f64>> = vec![Vec::new(); 6];
    let mut two = one.clone();
    for _ in 0..ROUNDS {
        let mut at = 0;
        names.clear();
        macro_rules! candidate {
            ($name:literal, $turn:expr) => {
                names.push($name);
                one[at].extend(time(&lifecycle, 1, &|| $turn));
                two[at].extend(time(&lifecycle, 2, &|| $turn));
                at += 1;
            };
        }
        candidate!("one atomic counter", || {
            black_box(counter.fetch_add(1, Ordering::Relaxed));
            black_box(counter.fetch_sub(1, Ordering::Release));
        });
        candidate!("Gate::pass", || drop(black_box(gate.pass())));
        candidate!("Lifecycle::pass", || drop(black_box(lifecycle.pass())));
        candidate!("lifecycle::pass", || drop(black_box(lifecycle::pass())));
        candidate!("TaskTracker::token", || drop(black_box(tracker.token())));
        candidate!("hyper-util watcher", || drop(black_box(hyper.watcher())));
        debug_assert_eq!(at, names.len());
    }
    let figures: Vec<(f64, f64)> =
        one.iter().zip(&two).map(|(one, two)| (middle(one), middle(two))).collect();
    let rows: Vec<[String; 4]> = names
        .iter()
        .zip(&figures)
        .zip(&two)
        .map(|((name, (one, two)), rounds)| {
            let rounds = format!("{} of {ROUNDS}", rounds.len());
            row![name, format!("{one:.1}"), format!("{two:.1}"), rounds]
        })
        .collect();
    table::print(
        "a pass taken and given back: ns, medians",
        ["", "one thread", "each of two", "rounds at once"],
        &rows,
    );
    let mut goals = Vec::new();
    for (name, (one, two)) in names.iter().zip(&figures).skip(1).take(3) {
        goals.push(Goal::at_most(format!("{name}, one thread"), 14.0, *one, "ns"));
        goals.push(Goal::at_most(format!("{name}, two threads over one"), 1.1, two / one, "x"));
    }
    goals
}
