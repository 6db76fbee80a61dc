//! The thread that starts the servers, and the list by which each server ends with the test program.

use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::mpsc::{Sender, channel};
use std::sync::{LazyLock, Mutex, PoisonError};

use lifecycle_process_tests::children;

type Order = (Command, Sender<std::io::Result<Child>>);

/// The thread that starts every server. The kernel kills a server when this *thread* ends, so it runs as long as the
/// process.
static KEEPER: LazyLock<Mutex<Sender<Order>>> = LazyLock::new(|| {
    let (sender, orders) = channel::<Order>();
    std::thread::spawn(move || {
        for (mut command, started) in orders {
            let _ = started.send(command.spawn());
        }
    });
    // SAFETY: `atexit` takes a function that lives for ever.
    unsafe { libc::atexit(kill_all) };
    Mutex::new(sender)
});

/// The running servers and their folders.
static RUNNING: Mutex<Vec<(u32, PathBuf)>> = Mutex::new(Vec::new());

/// Starts `command` in its own process group. The kernel kills it together with this process.
pub(crate) fn start(mut command: Command, folder: PathBuf) -> std::io::Result<Child> {
    command.process_group(0);
    // SAFETY: the step is one async-signal-safe system call.
    unsafe {
        command.pre_exec(|| {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            Ok(())
        });
    }
    let (sender, started) = channel();
    let ordered = KEEPER.lock().unwrap_or_else(PoisonError::into_inner).send((command, sender));
    ordered.expect("the keeper is there");
    let child = started.recv().expect("the keeper answers")?;
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner).push((child.id(), folder));
    Ok(child)
}

/// Removes a server that has ended from the list, and removes its folder.
pub(crate) fn forget(pid: u32) {
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(at) = running.iter().position(|(known, _)| *known == pid) {
        let (_, folder) = running.swap_remove(at);
        let _ = std::fs::remove_dir_all(folder);
    }
}

/// Sends `signal` to a process and to its descendants. A process group is not enough, because each child of
/// `PostgreSQL` has its own session.
pub(crate) fn signal_tree(pid: u32, signal: i32) {
    for child in children(pid) {
        signal_tree(child, signal);
    }
    let pid = i32::try_from(pid).expect("process ids fit");
    // SAFETY: `kill` takes integers. The root is a child that has not been waited for, and the others descend from it.
    unsafe { libc::kill(pid, signal) };
}

/// Returns whether each thread of the tree has stopped. SIGSTOP takes effect some time after it was sent.
pub(crate) fn stands_still(pid: u32) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let stopped = |thread: std::fs::DirEntry| {
        // The format is `pid (name) T ..`.
        let status = std::fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        status.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('T'))
    };
    threads.into_iter().all(stopped) && children(pid).into_iter().all(stands_still)
}

/// Kills the servers that run until the test program ends.
extern "C" fn kill_all() {
    let running = std::mem::take(&mut *RUNNING.lock().unwrap_or_else(PoisonError::into_inner));
    for (pid, folder) in running {
        signal_tree(pid, libc::SIGKILL);
        let _ = std::fs::remove_dir_all(&folder);
        // The last server removes the common folder.
        let _ = folder.parent().map(std::fs::remove_dir);
    }
}
