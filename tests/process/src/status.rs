//! The state of a process, from `/proc`.

use std::fs;
use std::time::{Duration, Instant};

use crate::{Child, PATIENCE};

/// The caught and the ignored signals of a process, as `/proc/PID/status` lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalSets {
    caught: u64,
    ignored: u64,
}

impl SignalSets {
    /// Reads the sets of `pid`. Returns `None` if the process does not exist or has ended.
    pub fn of(pid: u32) -> Option<SignalSets> {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name));
        let set = |name: &str| u64::from_str_radix(field(name)?.trim(), 16).ok();
        Some(SignalSets { caught: set("SigCgt:")?, ignored: set("SigIgn:")? })
    }

    /// Returns whether the process has a handler for `signal`.
    pub fn catches(self, signal: i32) -> bool {
        self.caught >> (signal - 1) & 1 == 1
    }

    /// Returns whether the process ignores `signal`.
    pub fn ignores(self, signal: i32) -> bool {
        self.ignored >> (signal - 1) & 1 == 1
    }
}

/// What the kernel says about the signals of a child.
pub trait Watched {
    /// Returns the child's signal sets, or `None` after its end.
    fn signals(&self) -> Option<SignalSets>;

    /// Waits until the child has a handler for `signal`. Returns `false` if the child ended before.
    #[track_caller]
    fn wait_until_it_catches(&mut self, signal: i32) -> bool;
}

impl Watched for Child {
    fn signals(&self) -> Option<SignalSets> {
        SignalSets::of(self.pid())
    }

    fn wait_until_it_catches(&mut self, signal: i32) -> bool {
        let until = Instant::now() + PATIENCE;
        loop {
            if self.signals().is_some_and(|sets| sets.catches(signal)) {
                return true;
            }
            if self.is_over() {
                return false;
            }
            self.expect(Instant::now() < until, "it never installed a handler");
            // The loop has no pause, because a start-up takes milliseconds.
            std::thread::yield_now();
        }
    }
}

/// Returns the peak memory of `pid`, in bytes.
pub fn peak_memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kibibytes.expect("a process has a size") * 1024
}

/// Returns the processor time of `pid`.
pub fn processor_time(pid: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields).split(' ');
    // Fields 14 and 15 of proc(5): user and system, in ticks of 10 ms. The state is field 3.
    let ticks: u64 = fields.skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("ticks")).sum();
    Duration::from_millis(ticks * 10)
}

/// Returns whether every thread of the process waits. A thread that is about to go on does not.
pub fn every_thread_waits(pid: u32) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).expect("a process");
    threads.flatten().all(|thread| {
        let stat = std::fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        // The state stands after the name, which is in parentheses. A thread that has ended has no text.
        stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('S'))
    })
}
