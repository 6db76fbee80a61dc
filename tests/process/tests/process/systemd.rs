//! R37: what a service manager is told, at a socket of the test. `tests/restarts` has the real systemd.

use std::os::unix::net::UnixDatagram;
use std::thread;
use std::time::Duration;

use libc::{SIGHUP, SIGTERM};
use lifecycle_process_tests::{Child, Fixture, Folder, Manager, Program, both_flavours, program};

fn told_to(program: Program, manager: &Manager) -> Program {
    manager.told_by(program)
}

#[test]
fn r37_a_stop_is_told_in_order_at_a_path_and_at_an_abstract_name() {
    for name in ["path", "@abstract"] {
        for program in both_flavours!("endings/idle") {
            let manager = Manager::start(name);
            let mut child = told_to(program, &manager).start();
            let pid = child.pid();
            child.wait_for("ready");
            child.stop().exited(0).not_reported("systemd");
            let received = manager.received();
            assert_eq!(received[0], format!("READY=1\nMAINPID={pid}\nSTATUS=running"));
            assert!(
                received[1].starts_with("STOPPING=1\nSTATUS=stopping: SIGTERM from process "),
                "{received:#?}"
            );
            assert!(received[1].ends_with(" left\nEXTEND_TIMEOUT_USEC=10000000"), "{received:#?}");
            assert!(received[2].starts_with("STATUS=draining; 1"), "{received:#?}");
            assert!(received[3].starts_with("STATUS=tearing down; 1"), "{received:#?}");
            let [stopped, barrier] = &received[4..] else { panic!("{received:#?}") };
            assert!(
                stopped.starts_with("STATUS=stopped: SIGTERM from ") && stopped.ends_with("; exit status 0")
            );
            assert_eq!(barrier, "BARRIER=1", "the exit waits until all of it was read");
        }
    }
}

/// R33: one datagram begins a reload, so that systemd can tell it from an older one.
#[test]
fn r37_a_reload_begins_with_its_time_and_ends_with_ready() {
    let manager = Manager::start("reload");
    let mut child = told_to(program!("multi", "reload/by turns"), &manager).ready_at_line("ready").start();
    for turn in 0..2 {
        child.signal(SIGHUP);
        child.wait_for(&format!("turn {turn}"));
    }
    child.stop().exited(0);
    let received = manager.received();
    let begun = |datagram: &String| {
        let time =
            datagram.strip_prefix("RELOADING=1\nMONOTONIC_USEC=")?.strip_suffix("\nSTATUS=reloading")?;
        time.parse::<u64>().ok()
    };
    let (first, second) = (begun(&received[1]), begun(&received[3]));
    assert!(first.is_some() && first < second, "{received:#?}");
    assert_eq!(received[2], "READY=1\nSTATUS=running");
    assert_eq!(received[4], "READY=1\nSTATUS=running with the old configuration: a line has no `=`");
}

const WATCHDOG: &str = "WATCHDOG=1";

fn with_watchdog(program: Program, manager: &Manager) -> Child {
    told_to(program, manager).env("WATCHDOG_USEC", "200000").start()
}

/// The watchdog is fed through a long drain as well.
#[test]
fn r37_the_watchdog_is_fed_while_the_runtime_answers() {
    for program in both_flavours!("stuck/task is endless") {
        let manager = Manager::start("watchdog");
        let mut child = with_watchdog(program.grace("3s"), &manager);
        child.wait_for("ready");
        manager.wait_for(WATCHDOG, 3);
        child.signal(SIGTERM);
        child.wait_for("stopping");
        let before = manager.count(WATCHDOG);
        manager.wait_for(WATCHDOG, before + 5);
        child.stopped().exited(70);
    }
}

/// Every thread of the runtime is blocked, and the service manager has to end the process.
#[test]
fn r37_the_watchdog_of_a_runtime_that_hangs_is_not_fed() {
    for scenario in ["stuck/all workers", "stuck/main"] {
        let flavour = if scenario == "stuck/main" { "current" } else { "multi" };
        let program = match flavour {
            "multi" => program!("multi", scenario),
            _ => program!("current", scenario),
        };
        let manager = Manager::start("hung");
        let mut child = with_watchdog(program.grace("2s"), &manager);
        child.wait_for("blocked");
        // One answer may have been on its way.
        thread::sleep(Duration::from_millis(300));
        let before = manager.count(WATCHDOG);
        thread::sleep(Duration::from_millis(700));
        assert_eq!(manager.count(WATCHDOG), before, "{scenario}");
        child.stop().exited(124);
    }
}

/// A watchdog of another process, and none.
#[test]
fn r37_without_a_watchdog_of_its_own_a_process_sends_none() {
    for (usec, pid) in [("100000", "1"), ("", "")] {
        let manager = Manager::start("other");
        let program = told_to(program!("multi", "endings/idle"), &manager);
        let child =
            program.env("WATCHDOG_USEC", usec).env("WATCHDOG_PID", pid).ready_at_line("ready").start();
        thread::sleep(Duration::from_millis(300));
        child.stop().exited(0);
        assert_eq!(manager.count(WATCHDOG), 0);
    }
}

#[test]
fn r37_a_socket_that_is_not_there_is_a_warning_and_an_empty_name_is_none() {
    let ended = program!("multi", "endings/idle").env("NOTIFY_SOCKET", "/no/such/socket").stopped_by(SIGTERM);
    ended.exited(0).reported(&["warning: cannot connect to the socket in NOTIFY_SOCKET: "]);
    let ended = program!("multi", "endings/idle").env("NOTIFY_SOCKET", "").stopped_by(SIGTERM);
    ended.exited(0).not_reported("NOTIFY_SOCKET");
}

/// R34: the socket is full, because nobody reads it.
#[test]
fn r37_a_service_manager_that_hangs_delays_nothing() {
    let folder = Folder::new();
    let path = folder.path("notify");
    let ours = UnixDatagram::bind(&path).expect("a socket");
    let filler = UnixDatagram::unbound().expect("a socket");
    filler.set_nonblocking(true).expect("a socket has that option");
    while filler.send_to(b"full", &path).is_ok() {}
    let program = program!("multi", "endings/idle").env("NOTIFY_SOCKET", &path).grace("30s");
    let ended = program.stopped_by(SIGTERM);
    ended.exited(0).said(&["orders closed", "store closed"]).within(Duration::from_secs(1));
    ended.reported(&["note: the observer `systemd` did not receive the end of the stop"]);
    drop(ours);
}
