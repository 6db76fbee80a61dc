//! Taking a pass and giving it back, on one thread and on two.

use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

use hyper_util::server::graceful::GracefulShutdown;
use lifecycle::{Gate, Lifecycle};
use tokio_util::task::TaskTracker;

use crate::measure::{median, thread_time};
use crate::row;
use crate::table::{self, Goal};

const TURNS: u32 = 20_000;
const ROUNDS: usize = 200;

/// Nanoseconds of processor time that one turn takes, on each of so many threads, all of them of this lifecycle.
/// `None` if they did not run at once, for then they could not be in each other's way.
fn time(lifecycle: &Lifecycle, threads: usize, turn: &(impl Fn() + Sync)) -> Option<f64> {
    let here = AtomicUsize::new(0);
    let run = || {
        turn();
        here.fetch_add(1, Ordering::Relaxed);
        while here.load(Ordering::Relaxed) < threads {
            std::hint::spin_loop();
        }
        let (begun, busy) = (Instant::now(), thread_time());
        for _ in 0..TURNS {
            turn();
        }
        (thread_time() - busy, begun, Instant::now())
    };
    let times: Vec<(Duration, Instant, Instant)> = std::thread::scope(|scope| {
        let spawned: Vec<_> = (0..threads).map(|_| scope.spawn(|| lifecycle.scope(run))).collect();
        let times = spawned.into_iter().map(ScopedJoinHandle::join);
        times.map(|time| time.expect("it counts")).collect()
    });
    let busy: Duration = times.iter().map(|time| time.0).sum();
    let first = times.iter().map(|time| time.1).min()?;
    let last = times.iter().map(|time| time.2).max()?;
    let threads = f64::from(u32::try_from(threads).ok()?);
    let at_once = busy.as_secs_f64() / (last - first).as_secs_f64() / threads;
    (at_once > 0.9).then(|| busy.as_secs_f64() * 1e9 / threads / f64::from(TURNS))
}

/// The median; not a number if there is none, so that no goal is met by it.
fn middle(times: &[f64]) -> f64 {
    if times.is_empty() { f64::NAN } else { median(times) }
}

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
                one[at].extend(time(&lifecycle, 1, &$turn));
                two[at].extend(time(&lifecycle, 2, &$turn));
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
