//! The events of a Windows console.
//!
//! Tokio installs the one handler, so that a program may listen to the same events through `tokio::signal`. Windows calls
//! the handler on a new thread. For a close, a logoff and a shutdown tokio keeps that thread from returning, because
//! Windows ends the process as soon as it returns, and else after 5 s.
//!
//! # Safety
//!
//! The file calls Windows with integers and a pointer to a local.
#![expect(unsafe_code, reason = "the session of a process is a system call")]

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::signal::windows;
use windows_sys::Win32::Foundation::STATUS_CONTROL_C_EXIT;
use windows_sys::Win32::System::Console::{
    CTRL_BREAK_EVENT, CTRL_C_EVENT, CTRL_CLOSE_EVENT, CTRL_LOGOFF_EVENT, CTRL_SHUTDOWN_EVENT,
};
use windows_sys::Win32::System::RemoteDesktop::ProcessIdToSessionId;
use windows_sys::Win32::System::Threading::GetCurrentProcessId;

use crate::engine::lifecycle::Lifecycle;
use crate::process::system::exit_now;
use crate::sequence::{Event, Signal};
use crate::signals::TABLE;

/// The longest stop after a close, a logoff or a shutdown: the 5 s after which Windows ends the process, less 250 ms
/// until the handler runs and for the exit.
const LONGEST_LAST_STOP: Duration = Duration::from_millis(4_750);

/// The console events that stop the process.
pub(in crate::process) struct Signals {
    /// Only parks the thread. The events need no driver.
    runtime: Runtime,
    listeners: Vec<Listener>,
}

struct Listener {
    event: u32,
    poll: Box<dyn FnMut(&mut Context<'_>) -> Poll<Option<()>> + Send>,
}

/// Installs a handler for the `chosen` signals, or for all console events. An event that was ignored when the process
/// started stays ignored (R13): a new process group begins with Ctrl-C ignored.
pub(in crate::process) fn install(chosen: Option<&[i32]>) -> io::Result<Signals> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let mut listeners = Vec::new();
    for signal in TABLE {
        let event = signal.number.cast_unsigned();
        let is_chosen = chosen.is_none_or(|chosen| chosen.contains(&signal.stands_for));
        // A service hears of the logoff of every user, which is not a reason to stop.
        if is_chosen && (event != CTRL_LOGOFF_EVENT || !is_in_session_of_services()) {
            listeners.push(Listener::new(event)?);
        }
    }
    Ok(Signals { runtime, listeners })
}

impl Listener {
    fn new(event: u32) -> io::Result<Listener> {
        macro_rules! listen {
            ($listen:path) => {{
                let mut events = $listen()?;
                Box::new(move |cx: &mut Context<'_>| events.poll_recv(cx))
            }};
        }
        Ok(Listener {
            event,
            poll: match event {
                CTRL_C_EVENT => listen!(windows::ctrl_c),
                CTRL_BREAK_EVENT => listen!(windows::ctrl_break),
                CTRL_CLOSE_EVENT => listen!(windows::ctrl_close),
                CTRL_LOGOFF_EVENT => listen!(windows::ctrl_logoff),
                _ => listen!(windows::ctrl_shutdown),
            },
        })
    }
}

impl Signals {
    /// Returns `None`: a parent process cannot have another process ignore a close or a shutdown.
    #[expect(clippy::unused_self, reason = "the form of a Unix looks at the signals")]
    pub(in crate::process) fn warning(&self) -> Option<String> {
        None
    }

    /// Returns `None`: no console event requests a reload.
    #[expect(clippy::unused_self, reason = "the form of a Unix looks at the signals")]
    pub(in crate::process) fn no_reloads(&self) -> Option<&'static str> {
        None
    }

    /// Reads events until the process exits.
    pub(in crate::process) fn run(mut self, lifecycle: &Lifecycle) {
        loop {
            let next = poll_fn(|cx| {
                let mut listeners = self.listeners.iter_mut();
                let heard =
                    listeners.find_map(|listener| (listener.poll)(cx).is_ready().then_some(listener.event));
                heard.map_or(Poll::Pending, Poll::Ready)
            });
            lifecycle.on(Event::Signal(signal(self.runtime.block_on(next))));
        }
    }
}

fn signal(event: u32) -> Signal {
    let is_last = matches!(event, CTRL_CLOSE_EVENT | CTRL_LOGOFF_EVENT | CTRL_SHUTDOWN_EVENT);
    Signal {
        number: event.cast_signed(),
        sender: None,
        interrupt: event != CTRL_BREAK_EVENT,
        within: is_last.then_some(LONGEST_LAST_STOP),
    }
}

/// Whether this process runs in session 0, which belongs to services.
fn is_in_session_of_services() -> bool {
    let mut session = 0;
    // SAFETY: the first call takes nothing, and the second one writes a `u32` to the local.
    let known = unsafe { ProcessIdToSessionId(GetCurrentProcessId(), &raw mut session) };
    known != 0 && session == 0
}

/// Ends the process with the status of one that Ctrl-C has killed (R14).
pub(in crate::process) fn die(_: i32) -> ! {
    exit_now(STATUS_CONTROL_C_EXIT)
}
