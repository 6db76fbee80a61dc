//! The service is PID 1 of a container. The kernel does not apply default signal actions to PID 1.

use std::process::Command;

use libc::SIGTERM;
use lifecycle_process_tests::{APART, Child, program};

/// Returns the command that creates a PID namespace on this machine, as root or as a user.
fn launcher() -> &'static [&'static str] {
    const ROOT: &[&str] = &["unshare", "--fork", "--pid", "--mount-proc"];
    const USER: &[&str] = &["unshare", "--map-root-user", "--fork", "--pid", "--mount-proc"];
    let works = |launcher: &&&[&str]| {
        let tried = Command::new(launcher[0]).args(&launcher[1..]).arg("true").output();
        tried.is_ok_and(|output| output.status.success())
    };
    [ROOT, USER].iter().find(works).expect(
        "this test needs `unshare` (package util-linux) and a PID namespace: run it as root, or allow them with \
         `sysctl -w kernel.unprivileged_userns_clone=1` (in a container: `--cap-add SYS_ADMIN`)",
    )
}

fn started(scenario: &str) -> Child {
    let mut child = program!("multi", scenario).through(launcher()).start();
    child.descend();
    child.wait_for("ready");
    child
}

/// R14, R20.
#[test]
fn as_pid_1_a_signal_stops_it_with_status_0() {
    started("endings/idle").stop().exited(0).said(&["stopping", "orders closed", "store closed"]);
}

/// R14: for PID 1, the kernel ignores a raised SIGTERM.
#[test]
fn as_pid_1_the_third_signal_ends_it_with_128_and_its_number() {
    let mut child = started("endings/hook hangs");
    child.signal(SIGTERM);
    child.wait_for("hook hangs");
    for _ in 0..2 {
        std::thread::sleep(APART);
        child.signal(SIGTERM);
    }
    child.stopped().exited(128 + SIGTERM).within(3 * APART);
}
