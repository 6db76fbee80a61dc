//! Wakes all idle tasks at once. The figure is the processor time of the process until the last task ends.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Waker};

use async_shutdown::ShutdownManager;
use lifecycle::__private::Notice;
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::measure::{Stopwatch, median};
use crate::row;
use crate::table::{self, Goal};

const SIZES: [usize; 2] = [100_000, 1_000_000];
const ROUNDS: usize = 5;

/// Counters that show when all tasks wait and when all tasks have ended.
struct Crowd {
    here: AtomicUsize,
    left: AtomicUsize,
    gone: Mutex<Option<mpsc::Sender<()>>>,
}

impl Crowd {
    /// Waits for `idle` as one task of the crowd.
    async fn join(self: Arc<Self>, idle: impl Future<Output = ()>) {
        let mut idle = pin!(idle);
        let mut first = true;
        poll_fn(|cx| {
            let polled = idle.as_mut().poll(cx);
            if std::mem::take(&mut first) {
                self.here.fetch_add(1, Ordering::Relaxed);
            }
            polled
        })
        .await;
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            let gone = self.gone.lock().expect("nobody panics").take();
            gone.expect("there is one last").send(()).expect("it is waited for");
        }
    }
}

/// Returns the processor time in seconds for waking `tasks` tasks. `spawn` starts one task.
fn wake(tasks: usize, spawn: impl Fn(&Runtime, Arc<Crowd>), fire: impl FnOnce()) -> f64 {
    let runtime = Builder::new_multi_thread().worker_threads(2).build().expect("a runtime");
    let (gone, all_gone) = mpsc::channel();
    let crowd = Arc::new(Crowd {
        here: AtomicUsize::new(0),
        left: AtomicUsize::new(tasks),
        gone: Mutex::new(Some(gone)),
    });
    for _ in 0..tasks {
        spawn(&runtime, Arc::clone(&crowd));
    }
    while crowd.here.load(Ordering::Relaxed) < tasks {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let watch = Stopwatch::start();
    fire();
    all_gone.recv().expect("the last one says so");
    watch.stop().cpu.as_secs_f64()
}

/// The lower bound for the cost: a loop over one vector of wakers.
#[derive(Default)]
struct ByHand {
    fired: AtomicBool,
    wakers: Mutex<Vec<Waker>>,
}

impl ByHand {
    async fn wait(self: Arc<Self>) {
        poll_fn(|cx| {
            if self.fired.load(Ordering::Acquire) {
                return Poll::Ready(());
            }
            self.wakers.lock().expect("nobody panics").push(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn fire(&self) {
        self.fired.store(true, Ordering::Release);
        let wakers = std::mem::take(&mut *self.wakers.lock().expect("nobody panics"));
        wakers.into_iter().for_each(Waker::wake);
    }
}

fn by_hand(tasks: usize) -> f64 {
    let hand = Arc::new(ByHand::default());
    let spawn = |runtime: &Runtime, crowd: Arc<Crowd>| {
        runtime.spawn(crowd.join(Arc::clone(&hand).wait()));
    };
    wake(tasks, spawn, || hand.fire())
}

fn notice(tasks: usize) -> f64 {
    let notice = Notice::new();
    let spawn = |runtime: &Runtime, crowd: Arc<Crowd>| {
        runtime.spawn(crowd.join(notice.wait()));
    };
    wake(tasks, spawn, || assert!(notice.fire()))
}

fn tracker(tasks: usize) -> f64 {
    let (tracker, token) = (TaskTracker::new(), CancellationToken::new());
    let spawn = |runtime: &Runtime, crowd: Arc<Crowd>| {
        tracker.spawn_on(crowd.join(token.clone().cancelled_owned()), runtime.handle());
    };
    wake(tasks, spawn, || token.cancel())
}

fn async_shutdown(tasks: usize) -> f64 {
    let manager = ShutdownManager::<()>::new();
    let spawn = |runtime: &Runtime, crowd: Arc<Crowd>| {
        let triggered = manager.wait_shutdown_triggered();
        runtime.spawn(crowd.join(triggered));
    };
    wake(tasks, spawn, || manager.trigger_shutdown(()).expect("once"))
}

type Candidate = (&'static str, fn(usize) -> f64);

const CANDIDATES: [Candidate; 4] = [
    ("by hand", by_hand),
    ("Notice", notice),
    ("tokio-util, TaskTracker and token", tracker),
    ("async-shutdown", async_shutdown),
];

pub(crate) fn run() -> Vec<Goal> {
    let mut seconds = [const { [const { Vec::new() }; SIZES.len()] }; CANDIDATES.len()];
    for round in 0..ROUNDS {
        for (size, tasks) in SIZES.iter().enumerate() {
            for turn in 0..CANDIDATES.len() {
                let at = (round + turn) % CANDIDATES.len();
                seconds[at][size].push(CANDIDATES[at].1(*tasks));
            }
        }
    }
    let ratios = |at: usize, size: usize| -> f64 {
        let of = seconds[at][size].iter().zip(&seconds[0][size]);
        median(&of.map(|(this, floor)| this / floor).collect::<Vec<f64>>())
    };
    let growth = |at: usize| median(&seconds[at][1]) / median(&seconds[at][0]);
    let rows: Vec<[String; 6]> = CANDIDATES
        .iter()
        .enumerate()
        .map(|(at, (name, _))| {
            row![
                name,
                format!("{:.3}", median(&seconds[at][0])),
                format!("{:.2}", ratios(at, 0)),
                format!("{:.3}", median(&seconds[at][1])),
                format!("{:.2}", ratios(at, 1)),
                format!("{:.1}", growth(at))
            ]
        })
        .collect();
    table::print(
        "idle tasks woken, until the last has ended: CPU seconds, medians",
        ["", "100,000", "over the floor", "1,000,000", "over the floor", "times"],
        &rows,
    );
    vec![
        Goal::at_most("Notice, CPU to wake 1,000,000 tasks over the floor", 1.3, ratios(1, 1), "x"),
        Goal::at_most(
            "Notice, growth from 100,000 to 1,000,000 over that of the floor",
            1.3,
            growth(1) / growth(0),
            "x",
        ),
    ]
}
