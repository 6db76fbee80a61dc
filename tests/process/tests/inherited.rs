//! The harness starts its children with the default signals, although the tests themselves ignore or block some.
//!
//! These tests change the signals of their own process, so they have a program of their own.

use libc::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1};
use lifecycle_process_tests::{Fixture, Watched, program};

const SIGNALS: [i32; 5] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1];

/// R13: a fixture keeps ignored signals ignored, so a child must not inherit them from the tests.
#[test]
fn a_child_receives_the_signals_that_its_parent_ignores() {
    for signal in SIGNALS {
        // SAFETY: `signal` takes integers.
        let before = unsafe { libc::signal(signal, libc::SIG_IGN) };
        assert_ne!(before, libc::SIG_ERR, "signal {signal}");
    }
    let mut child = program!("multi", "endings/idle").ready_at_line("ready").start();
    let sets = child.signals().expect("it runs");
    assert_eq!(SIGNALS.map(|signal| sets.ignores(signal)), [false; 5]);
    child.signal(SIGINT);
    child.stopped().exited(0).reported(&["SIGINT from process"]);
    program!("usr1", "").stopped_by(SIGHUP).killed_by(SIGHUP);
    program!("multi", "endings/idle").through(&["env"]).stopped_by(SIGINT).exited(0);
}

/// R13: the fixture `usr1` catches SIGUSR1 only, so a blocked SIGTERM would never end it.
#[test]
fn a_child_receives_the_signals_that_its_parent_blocks() {
    let mut set = std::mem::MaybeUninit::uninit();
    // SAFETY: `sigemptyset` fills in the local, and the other calls only read it.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for signal in SIGNALS {
            libc::sigaddset(set.as_mut_ptr(), signal);
        }
        libc::pthread_sigmask(libc::SIG_BLOCK, set.as_ptr(), std::ptr::null_mut());
    }
    program!("usr1", "").stopped_by(SIGTERM).killed_by(SIGTERM);
}

/// R13.
#[test]
fn a_child_that_is_to_ignore_a_signal_ignores_it() {
    let child = program!("multi", "endings/idle").ignoring(SIGINT).ready_at_line("ready").start();
    assert!(child.signals().expect("it runs").ignores(SIGINT));
    child.stop().exited(0);
}
