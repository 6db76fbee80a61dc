//! Who starts the servers, and sees to it that none outlives the test program.

use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::mpsc::{Sender, channel};
use std::sync::{LazyLock, Mutex, PoisonError};

use lifecycle_process_tests::children;

type Order = (Command, Sender<std::io::Result<Child>>);

/// The kernel kills a child when the *thread* that started it ends, so this one stays as long as the process.
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

/// The running servers, and their folders.
static RUNNING: Mutex<Vec<(u32, PathBuf)>> = Mutex::new(Vec::new());

/// Starts `command` in a process group of its own, to be killed with this process.
pub(crate) fn start(mut command: Command, folder: PathBuf) -> std::io::Result<Child> {
    command.process_group(0);
    // SAFETY: one system call, async-signal-safe.
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

/// It is over; its folder goes too.
pub(crate) fn forget(pid: u32) {
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(at) = running.iter().position(|(known, _)| *known == pid) {
        let (_, folder) = running.swap_remove(at);
        let _ = std::fs::remove_dir_all(folder);
    }
}

/// Sends `signal` to a process and all that it has started: `PostgreSQL` gives each of its own a session.
pub(crate) fn signal_tree(pid: u32, signal: i32) {
    for child in children(pid) {
        signal_tree(child, signal);
    }
    let pid = i32::try_from(pid).expect("process ids fit");
    // SAFETY: `kill` takes integers; the root is a child that has not been waited for, the others are its own.
    unsafe { libc::kill(pid, signal) };
}

/// Whether each thread of the tree has been stopped: a signal arrives in its own time.
pub(crate) fn stands_still(pid: u32) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let stopped = |thread: std::fs::DirEntry| {
        // `pid (name) T ..`
        let status = std::fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        status.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('T'))
    };
    threads.into_iter().all(stopped) && children(pid).into_iter().all(stands_still)
}

/// The servers that live as long as the test program.
extern "C" fn kill_all() {
    let running = std::mem::take(&mut *RUNNING.lock().unwrap_or_else(PoisonError::into_inner));
    for (pid, folder) in running {
        signal_tree(pid, libc::SIGKILL);
        let _ = std::fs::remove_dir_all(&folder);
        // The one that they have in common goes with the last.
        let _ = folder.parent().map(std::fs::remove_dir);
    }
}
