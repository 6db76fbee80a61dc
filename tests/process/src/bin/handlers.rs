//! A program with signal handlers of its own: one from before the lifecycle, one from tokio.
#![expect(unsafe_code, reason = "a handler as a C library installs it")]

use std::process::ExitCode;

use libc::{SIGINT, SIGTERM, c_int, c_void, siginfo_t};
use lifecycle::Process;
use tokio::signal::unix::{SignalKind, signal};

fn main() -> ExitCode {
    install(SIGTERM, plain as extern "C" fn(c_int) as usize, 0);
    install(
        SIGINT,
        with_info as extern "C" fn(c_int, *mut siginfo_t, *mut c_void) as usize,
        libc::SA_SIGINFO,
    );
    Process::new().run(async {
        let mut terminate = signal(SignalKind::terminate()).expect("a handler");
        let mut interrupt = signal(SignalKind::interrupt()).expect("a handler");
        lifecycle::ready();
        println!("ready");
        tokio::select! {
            _ = terminate.recv() => println!("tokio: terminate"),
            _ = interrupt.recv() => println!("tokio: interrupt"),
        }
        lifecycle::stopping().await;
        println!("stopping");
    })
}

fn install(signal: c_int, handler: usize, flags: c_int) {
    // SAFETY: zero is a value of each field, and the handlers below only call `write`.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        (action.sa_sigaction, action.sa_flags) = (handler, flags);
        assert_eq!(libc::sigaction(signal, &raw const action, std::ptr::null_mut()), 0);
    }
}

extern "C" fn plain(signal: c_int) {
    say(if signal == SIGTERM { b"before: terminate\n" } else { b"before: another signal\n" });
}

extern "C" fn with_info(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel fills in the information.
    let is_whole = !context.is_null() && unsafe { (*info).si_signo } == signal;
    say(if is_whole { b"before: interrupt\n" } else { b"before: no information\n" });
}

fn say(line: &[u8]) {
    // SAFETY: writes from a slice.
    unsafe { libc::write(1, line.as_ptr().cast(), line.len()) };
}
