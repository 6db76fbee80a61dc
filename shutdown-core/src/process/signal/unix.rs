//! The signals of a Unix.
//!
//! A signal handler may call very few functions, so it only writes eight bytes to a pipe. Then it calls the handler that
//! was there before. A handler that the program installs later calls this one, if it comes from `tokio::signal` or
//! `signal-hook`. The handler stays until the process exits.
//!
//! Every signal that arrives after the kernel knows the handler is written to the pipe. A registry that installs the
//! handler first, and then notes what to do, would drop a signal between the two.
//!
//! # Safety
//!
//! This file calls `libc` with integers and pointers to locals. The one handler is async-signal-safe: it reads memory that
//! is never freed, calls `write` on a descriptor that is never closed, and restores `errno`.
#![expect(unsafe_code, reason = "signals are system calls; see the head of the file")]

use std::fs::File;
use std::io::{self, PipeReader, Read as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd as _, IntoRawFd as _};
use std::ptr;
use std::sync::OnceLock;

use libc::{c_int, c_void, sigaction, siginfo_t};

use crate::engine::lifecycle::Lifecycle;
use crate::process::system::exit_now;
use crate::report::FactKind;
use crate::sequence::{Event, Signal};
use crate::signals;

/// The signals that the handlers have written to the pipe.
pub(in crate::process) struct Signals {
    pipe: PipeReader,
    caught: Vec<c_int>,
    /// SIGTERM is among the signals that stay ignored.
    ignores_sigterm: bool,
    /// What a SIGHUP means to a program that takes no reload requests.
    hangup: Hangup,
}

/// What a SIGHUP means to a program that takes no reload requests (R14).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hangup {
    /// A stop: the program names it, or its terminal is gone.
    Stops,
    /// Nothing. The process has no terminal, so the signal cannot mean that the terminal is gone.
    Ignored,
}

/// What the handler reads. It is complete before the first handler is installed.
struct Handled {
    writer: c_int,
    /// Each signal, and the action that was there before.
    previous: Vec<(c_int, sigaction)>,
}

static HANDLED: OnceLock<Handled> = OnceLock::new();

/// Installs handlers for the `chosen` signals, or for the default ones. A signal that was ignored when the process
/// started stays ignored (R13).
pub(in crate::process) fn install(chosen: Option<&[c_int]>) -> io::Result<Signals> {
    let (pipe, writer) = io::pipe()?;
    // A full pipe holds about 8,000 unread signals. The next one may be lost, but its handler must not block.
    set_nonblocking(&writer)?;
    let (mut previous, mut ignores_sigterm) = (Vec::new(), false);
    for signal in chosen.map_or_else(signals::default, <[c_int]>::to_vec) {
        let action = action(signal, None)?;
        if action.sa_sigaction == libc::SIG_IGN {
            ignores_sigterm |= signal == libc::SIGTERM;
        } else {
            previous.push((signal, action));
        }
    }
    let caught = previous.iter().map(|(signal, _)| *signal).collect();
    // The descriptor is leaked, because a handler may run until the process is gone.
    let handled = Handled { writer: writer.into_raw_fd(), previous };
    HANDLED.set(handled).unwrap_or_else(|_| unreachable!("a process starts once"));
    // Asked now, since a terminal that is gone is not the terminal of the process any more.
    let has_terminal = File::open("/dev/tty").is_ok();
    let hangup = if chosen.is_some() || has_terminal { Hangup::Stops } else { Hangup::Ignored };
    let signals = Signals { pipe, caught, ignores_sigterm, hangup };
    for signal in &signals.caught {
        action(*signal, Some(&handling()))?;
    }
    Ok(signals)
}

/// Returns the action that calls [`on_signal`].
fn handling() -> sigaction {
    // SAFETY: a `sigaction` is integers and an optional pointer, for all of which zero is a value.
    let mut handling: sigaction = unsafe { std::mem::zeroed() };
    handling.sa_sigaction = on_signal as extern "C" fn(c_int, *mut siginfo_t, *mut c_void) as usize;
    // A system call that the signal interrupts goes on. A thread with a stack of its own for signals uses that.
    handling.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART | libc::SA_ONSTACK;
    handling
}

/// Writes the signal to the pipe, and calls the handler that was there before.
extern "C" fn on_signal(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    let Some(handled) = HANDLED.get() else { return };
    // SAFETY: the kernel passes a pointer to its information, and the pointer of `errno` is that of this thread.
    unsafe {
        let errno = *errno();
        // The kernel names the sender only of a signal that a process sent, and the code says whether one did.
        // `SI_USER` is 0 on Linux, and 0x10001 on macOS and the BSDs.
        let is_sent = (*info).si_code <= 0 || (*info).si_code == 0x1_0001;
        let record = encode(signal, if is_sent { (*info).si_pid() } else { 0 });
        libc::write(handled.writer, record.as_ptr().cast(), record.len());
        if let Some((_, previous)) = handled.previous.iter().find(|(handled, _)| *handled == signal) {
            call(previous, signal, info, context);
        }
        *self::errno() = errno;
    }
}

/// Calls a handler that the program installed before this one.
///
/// # Safety
///
/// The arguments are those of a signal handler, and `previous` was the action of the signal.
unsafe fn call(previous: &sigaction, signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    let handler = previous.sa_sigaction;
    if handler == libc::SIG_DFL || handler == libc::SIG_IGN {
        return;
    }
    // SAFETY: the flag says which of the two signatures the handler has.
    unsafe {
        if previous.sa_flags & libc::SA_SIGINFO == 0 {
            std::mem::transmute::<usize, extern "C" fn(c_int)>(handler)(signal);
        } else {
            let handler =
                std::mem::transmute::<usize, extern "C" fn(c_int, *mut siginfo_t, *mut c_void)>(handler);
            handler(signal, info, context);
        }
    }
}

/// Returns the place of this thread's `errno`, which has another name on each platform.
fn errno() -> *mut c_int {
    // SAFETY: these functions take nothing, and return a pointer.
    unsafe {
        #[cfg(any(target_vendor = "apple", target_os = "freebsd", target_os = "dragonfly"))]
        return libc::__error();
        #[cfg(any(target_os = "android", target_os = "netbsd", target_os = "openbsd"))]
        return libc::__errno();
        #[cfg(any(target_os = "illumos", target_os = "solaris"))]
        return libc::___errno();
        #[cfg(not(any(
            target_vendor = "apple",
            target_os = "freebsd",
            target_os = "dragonfly",
            target_os = "android",
            target_os = "netbsd",
            target_os = "openbsd",
            target_os = "illumos",
            target_os = "solaris"
        )))]
        return libc::__errno_location();
    }
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

    /// Returns the warning of a program that takes reload requests, if a SIGHUP makes none.
    pub(in crate::process) fn no_reloads(&self) -> Option<&'static str> {
        let is_ignored =
            || action(libc::SIGHUP, None).is_ok_and(|action| action.sa_sigaction == libc::SIG_IGN);
        match self.caught.contains(&libc::SIGHUP) {
            true => None,
            false if is_ignored() => {
                Some("SIGHUP was ignored when the process started, and stays ignored: it requests no reload")
            }
            false => Some(
                "SIGHUP ends this program, although it takes reload requests: its `signals` do not name SIGHUP",
            ),
        }
    }

    /// Reads signals until the process exits.
    pub(in crate::process) fn run(mut self, lifecycle: &Lifecycle) {
        unblock(&self.caught);
        let mut record = [0; 8];
        while self.pipe.read_exact(&mut record).is_ok() {
            let (number, sender) = decode(record);
            if number == libc::SIGHUP {
                if lifecycle.takes_reloads() {
                    lifecycle.request_reload();
                    continue;
                }
                if self.hangup == Hangup::Ignored {
                    lifecycle.tell(FactKind::SignalIgnored { number });
                    continue;
                }
            }
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

/// Returns the action of a signal, and replaces it with `new` if there is one.
fn action(signal: c_int, new: Option<&sigaction>) -> io::Result<sigaction> {
    let mut old = MaybeUninit::<sigaction>::uninit();
    // SAFETY: the call reads `new`, and writes the old action to the local.
    if unsafe { libc::sigaction(signal, new.map_or(ptr::null(), ptr::from_ref), old.as_mut_ptr()) } == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call succeeded, so it has filled in the local.
    Ok(unsafe { old.assume_init() })
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
