//! Clocks, and statistics of readings.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// A span on two clocks: wall time, and processor time of the whole process.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
}

pub(crate) struct Stopwatch {
    wall: Instant,
    cpu: Duration,
}

impl Stopwatch {
    pub(crate) fn start() -> Stopwatch {
        Stopwatch { cpu: processor(ClockId::ProcessCPUTime), wall: Instant::now() }
    }

    pub(crate) fn stop(&self) -> Span {
        Span { wall: self.wall.elapsed(), cpu: processor(ClockId::ProcessCPUTime).saturating_sub(self.cpu) }
    }
}

/// Returns the processor time of the calling thread.
pub(crate) fn thread_time() -> Duration {
    processor(ClockId::ThreadCPUTime)
}

fn processor(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    let (seconds, nanos) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or_default(), nanos.unwrap_or_default())
}

/// Returns the reading below which the share `q` of the readings lies.
pub(crate) fn quantile<T: Copy + PartialOrd>(readings: &[T], q: f64) -> T {
    let mut sorted = readings.to_vec();
    sorted.sort_by(|a, b| a.partial_cmp(b).expect("a reading is a number"));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place in a short list"
    )]
    let at = ((sorted.len() - 1) as f64 * q).round() as usize;
    sorted[at]
}

pub(crate) fn median<T: Copy + PartialOrd>(readings: &[T]) -> T {
    quantile(readings, 0.5)
}

/// Converts to microseconds.
pub(crate) fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// Converts to milliseconds.
pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
