//! The signals of a Unix.
//!
//! A signal handler may call very few functions, so it only writes eight bytes to a pipe. The program may install other
//! handlers for the same signal: `signal-hook-registry` calls all of them. The handler stays until the process exits.
//!
//! # Safety
//!
//! This file calls `libc` with integers and pointers to locals. The
//! one handler is async-signal-safe, because it only calls `write` on a descriptor that is never closed.
#![expect(unsafe_code, reason = "signals are system calls; see the head of the file")]

use std::io::{self, PipeReader, Read as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd as _, IntoRawFd as _};

use libc::c_int;

use crate::engine::lifecycle::Lifecycle;
use crate::process::system::exit_now;
use crate::sequence::{Event, Signal};
use crate::signals;

/// The signals that the handlers have written to the pipe.
pub(in crate::process) struct Signals {
    pipe: PipeReader,
    caught: Vec<c_int>,
    /// SIGTERM is among the signals that stay ignored.
    ignores_sigterm: bool,
}

/// Installs handlers for the `chosen` signals, or for the default ones. A signal that was ignored when the process
/// started stays ignored (R13).
pub(in crate::process) fn install(chosen: Option<&[c_int]>) -> io::Result<Signals> {
    let (pipe, writer) = io::pipe()?;
    // A full pipe holds about 8,000 unread signals. The next one may be lost, but its handler must not block.
    set_nonblocking(&writer)?;
    // Leaked, because a handler may run until the process is gone.
    let writer = writer.into_raw_fd();
    let (mut caught, mut ignores_sigterm) = (Vec::new(), false);
    for signal in chosen.map_or_else(signals::default, <[c_int]>::to_vec) {
        if is_ignored(signal)? {
            ignores_sigterm |= signal == libc::SIGTERM;
            continue;
        }
        let handler = move |info: &libc::siginfo_t| {
            // The kernel names the sender only of a signal that a process sent, and the code says whether one did.
            // `SI_USER` is 0 on Linux, and 0x10001 on macOS and the BSDs.
            let sent = info.si_code <= 0 || info.si_code == 0x1_0001;
            // SAFETY: reads an integer from memory that the kernel has filled in.
            let sender = if sent { unsafe { info.si_pid() } } else { 0 };
            let record = encode(signal, sender);
            // SAFETY: `write` is async-signal-safe, the descriptor is never closed, the buffer is a local of this size.
            unsafe { libc::write(writer, record.as_ptr().cast(), record.len()) };
        };
        // SAFETY: the handler is async-signal-safe: arithmetic on locals, and `write`. It saves `errno`, as the
        // registry does for every action.
        unsafe { signal_hook_registry::register_sigaction(signal, handler) }?;
        caught.push(signal);
    }
    Ok(Signals { pipe, caught, ignores_sigterm })
}

impl Signals {
    /// Returns the warning of a process whose SIGTERM was ignored when it started (R13).
    pub(in crate::process) fn warning(&self) -> Option<String> {
        self.ignores_sigterm.then(|| {
            "SIGTERM was ignored when the process started, and stays ignored: `kill`, systemd and Kubernetes \
             cannot stop this process gracefully"
                .to_owned()
        })
    }

    /// Reads signals until the process exits.
    pub(in crate::process) fn run(mut self, lifecycle: &Lifecycle) {
        unblock(&self.caught);
        let mut record = [0; 8];
        while self.pipe.read_exact(&mut record).is_ok() {
            let (number, sender) = decode(record);
            let interrupt = number == libc::SIGINT;
            lifecycle.on(Event::Signal(Signal { number, sender, interrupt, within: None }));
        }
    }
}

fn encode(signal: c_int, sender: c_int) -> [u8; 8] {
    let mut record = [0; 8];
    record[..4].copy_from_slice(&signal.to_ne_bytes());
    record[4..].copy_from_slice(&sender.to_ne_bytes());
    record
}

fn decode(record: [u8; 8]) -> (c_int, Option<u32>) {
    let (signal, sender) = record.split_at(4);
    let number = |bytes: &[u8]| c_int::from_ne_bytes(bytes.try_into().expect("half of eight bytes"));
    (number(signal), u32::try_from(number(sender)).ok().filter(|sender| *sender > 0))
}

fn set_nonblocking(pipe: &io::PipeWriter) -> io::Result<()> {
    // SAFETY: `fcntl` on a descriptor that is open, with integers.
    let result = unsafe { libc::fcntl(pipe.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) };
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn is_ignored(signal: c_int) -> io::Result<bool> {
    let mut action = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: with a null action `sigaction` only writes the current action to the local.
    if unsafe { libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) } == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call succeeded, so it has filled in the local.
    Ok(unsafe { action.assume_init() }.sa_sigaction == libc::SIG_IGN)
}

/// Unblocks `signals` in this thread. A signal mask is inherited, and the parent process may have blocked them.
fn unblock(signals: &[c_int]) {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: `sigemptyset` fills in the local, the other calls read it; a signal number out of range is refused.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for signal in signals {
            libc::sigaddset(set.as_mut_ptr(), *signal);
        }
        libc::pthread_sigmask(libc::SIG_UNBLOCK, set.as_ptr(), std::ptr::null_mut());
    }
}

/// Dies by `signal`, so that the parent process sees which signal ended this one (R14).
pub(in crate::process) fn die(signal: c_int) -> ! {
    unblock(&[signal]);
    // SAFETY: both calls take integers. The default action ends the process, except for PID 1, where the kernel ignores
    // the signal.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        libc::raise(signal);
    }
    exit_now(128 + signal)
}
