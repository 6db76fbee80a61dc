//! What the kernel says about a process.

use std::fs;

/// The signals of a process, as `/proc/PID/status` has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalSets {
    caught: u64,
    ignored: u64,
}

impl SignalSets {
    /// Those of `pid`; `None` if there is no such process, or it has ended.
    pub fn of(pid: u32) -> Option<SignalSets> {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name));
        let set = |name: &str| u64::from_str_radix(field(name)?.trim(), 16).ok();
        Some(SignalSets { caught: set("SigCgt:")?, ignored: set("SigIgn:")? })
    }

    /// Whether it has a handler for `signal`.
    pub fn catches(self, signal: i32) -> bool {
        self.caught >> (signal - 1) & 1 == 1
    }

    /// Whether it ignores `signal`.
    pub fn ignores(self, signal: i32) -> bool {
        self.ignored >> (signal - 1) & 1 == 1
    }
}

/// The processes that `pid` has started and that have not ended.
pub fn children(pid: u32) -> Vec<u32> {
    let list = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}
