//! Repeats a small operation on several threads at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

use lifecycle::Lifecycle;

use crate::measure::{median, thread_time};

pub(crate) const TURNS: u32 = 20_000;
pub(crate) const ROUNDS: usize = 200;

/// Returns the processor time of one turn in nanoseconds, averaged over all threads. Each thread runs in
/// `lifecycle` and creates its turn with `start`. Returns `None` if the threads did not run at the same time,
/// because contention was then not measured.
pub(crate) fn time<T: FnMut()>(
    lifecycle: &Lifecycle,
    threads: usize,
    start: &(impl Fn() -> T + Sync),
) -> Option<f64> {
    let here = AtomicUsize::new(0);
    let run = || {
        let mut turn = start();
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

/// Returns the median. Returns NaN for an empty slice, so that no goal is met.
pub(crate) fn middle(times: &[f64]) -> f64 {
    if times.is_empty() { f64::NAN } else { median(times) }
}
