//! What the kernel says about processes, from `/proc`. Where there is none, there is nothing to say.

use std::fs;

/// Returns the child processes of `pid` that have not been reaped.
pub(super) fn children(pid: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = threads.map(|thread| fs::read_to_string(thread.path().join("children")).unwrap_or_default());
    lists
        .flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect()
}

/// Returns the children of `pid`, their children, and so on, without those that have ended.
pub(super) fn descendants(pid: u32) -> Vec<u32> {
    let mut all = Vec::new();
    for child in children(pid) {
        if state(&format!("/proc/{child}/stat")).is_some_and(|state| state != 'Z') {
            all.push(child);
        }
        all.extend(descendants(child));
    }
    all
}

/// Returns the name of a process.
pub(super) fn name(pid: u32) -> String {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    name.trim_end().to_owned()
}

/// Returns whether each thread of `pid` is stopped. A process that is gone is stopped.
pub(super) fn stands_still(pid: u32) -> bool {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    threads.into_iter().all(|thread| {
        state(&thread.path().join("stat").to_string_lossy())
            .is_none_or(|state| matches!(state, 'T' | 't' | 'Z' | 'X'))
    })
}

/// Returns the state in a `stat` file.
fn state(stat: &str) -> Option<char> {
    let stat = fs::read_to_string(stat).ok()?;
    // The state follows the name, which may contain any character.
    stat.rsplit_once(") ")?.1.chars().next()
}
