//! The file descriptor store of systemd: listeners that outlive the process (R37).
//!
//! A listener is stored under a name when it is bound, and stays in the store through a stop and a crash. systemd passes
//! all stored listeners to the next process of the service. It drops a stored descriptor with an error or a hang-up
//! (`FDPOLL`), which a listener does not have.
//!
//! ```text
//!                  take            put back
//! passed ─► unheld ─────► held ───────────────► unheld
//!             │ 10 s after ready                  │ 1 s after the listener was dropped
//!             └──────────────► removed ◄──────────┘
//! ```
//!
//! 1. An unheld listener of the last process is removed, so that an address that the program does not use any more is free.
//! 2. A listener that the program drops is removed a moment later, because `main` may fail at the same time. That is a crash,
//!    and the next process takes the listener.
//! 3. Nothing is removed by time after the stop has begun, or before the service is ready.

use std::fmt::Write as _;
use std::io;
use std::os::fd::AsFd as _;
use std::sync::{Mutex, OnceLock, mpsc};
use std::time::{Duration, Instant};

use socket2::Socket as Listener;

use super::socket::Socket;
use crate::listen_fds;
use crate::report::FactKind;
use crate::sync::{lock, thread};

/// The number of descriptors that the service manager stores.
const FDSTORE: &str = "FDSTORE";
/// The process that the service manager started, which alone gets the stored descriptors back.
const SYSTEMD_EXEC_PID: &str = "SYSTEMD_EXEC_PID";
/// The start of each name. Descriptors with other names belong to other parts of the program.
const NAME_PREFIX: &str = "lifecycle-";
/// The longest name (`sd_pid_notify_with_fds(3)`).
const MAX_NAME_BYTES: usize = 255;

/// How long after `ready` a listener of the last process waits to be taken.
const LEFT_OVER: Duration = Duration::from_secs(10);
/// How long the service manager may take to close a listener that was removed.
const CLOSES_WITHIN: Duration = Duration::from_secs(1);
/// How long after it was dropped a listener stays in the store.
const DROPPED: Duration = Duration::from_secs(1);

static STORE: OnceLock<Store> = OnceLock::new();

/// The store of this process.
pub(crate) struct Store {
    capacity: usize,
    jobs: mpsc::Sender<Job>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    phase: Phase,
    /// The listeners of this process.
    held: Vec<Held>,
    unheld: Vec<Unheld>,
    /// The instant of the last removal, after which the service manager still has a descriptor for a moment.
    last_removal: Option<Instant>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Starting,
    Running,
    Stopping,
}

struct Held {
    name: String,
    progress: Progress,
}

/// How far a listener has come on its way to the service manager.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// The service manager may have it already.
    OnItsWay,
    Stored,
    Refused,
}

struct Unheld {
    name: String,
    listener: Listener,
    /// The instant of the removal. `None` until the service is ready.
    until: Option<Instant>,
    on_removal: Option<OnRemoval>,
}

type OnRemoval = Box<dyn FnOnce() + Send>;

/// What the thread of the store does.
enum Job {
    Store(String, Listener),
    Remove(String),
    Warn(String),
    /// Looks again which listener is removed next.
    Look,
}

/// Returns the store, if the service manager has one for this process.
pub(crate) fn current() -> Option<&'static Store> {
    STORE.get()
}

/// Starts the store if the service manager has one for this process, and takes the listeners that it passed.
pub(super) fn start(socket: Socket, warn: impl Fn(&str) + Send + 'static) -> io::Result<()> {
    let variable = |name: &str| std::env::var(name).ok();
    let capacity = capacity(variable, std::process::id());
    if capacity == 0 {
        return Ok(());
    }
    // The first call of `net::listen` returns an error of the variables.
    let unheld = listen_fds::sockets().map(|mut sockets| {
        let passed = sockets.extract_if(.., |passed| passed.name.starts_with(NAME_PREFIX));
        passed.map(|passed| Unheld::passed(passed.name, passed.socket)).collect()
    });
    let state = State { unheld: unheld.unwrap_or_default(), ..State::default() };
    let (jobs, waiting) = mpsc::channel();
    let store = STORE.get_or_init(|| Store { capacity, jobs, state: Mutex::new(state) });
    thread::start("lc-store", move || store.run(&socket, &waiting, warn))
}

/// Returns how many descriptors the service manager stores for the process `own_pid`.
fn capacity(variable: impl Fn(&str) -> Option<String>, own_pid: u32) -> usize {
    let is_ours = variable(SYSTEMD_EXEC_PID).is_none_or(|pid| pid.parse() == Ok(own_pid));
    let capacity = variable(FDSTORE).and_then(|capacity| capacity.parse().ok()).unwrap_or(0);
    if is_ours { capacity } else { 0 }
}

impl Unheld {
    fn passed(name: String, listener: Listener) -> Unheld {
        Unheld { name, listener, until: None, on_removal: None }
    }
}

impl Store {
    /// Stores a listener under a name. Returns false if it is not stored, after a warning.
    pub(crate) fn store(&self, name: &str, listener: &Listener) -> bool {
        let mut state = lock(&self.state);
        if state.held.len() + state.unheld.len() >= self.capacity {
            drop(state);
            self.warn(format!(
                "systemd stores {} descriptors of this service (FileDescriptorStoreMax), so `{name}` is not stored",
                self.capacity
            ));
            return false;
        }
        let progress = Progress::OnItsWay;
        state.held.push(Held { name: name.to_owned(), progress });
        drop(state);
        match listener.try_clone() {
            Ok(listener) => self.job(Job::Store(name.to_owned(), listener)),
            Err(error) => {
                lock(&self.state).came_to(Progress::Refused, name);
                self.warn(refused(name, &error));
            }
        }
        true
    }

    /// Warns that an address has no name that the service manager accepts.
    pub(crate) fn warn_of_name(&self, name: &str) {
        self.warn(format!(
            "systemd cannot store `{name}`: its name has more than {MAX_NAME_BYTES} characters"
        ));
    }

    /// Takes an unheld listener with this name.
    pub(crate) fn take(&self, name: &str) -> Option<Listener> {
        let mut state = lock(&self.state);
        let at = state.unheld.iter().position(|unheld| unheld.name == name)?;
        let unheld = state.unheld.remove(at);
        state.held.push(Held { name: unheld.name, progress: Progress::Stored });
        Some(unheld.listener)
    }

    /// Returns whether the service manager has the listener with this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.progress(name) == Some(Progress::Stored)
    }

    /// Returns whether the service manager has the listener with this name, or is about to have it.
    pub(crate) fn may_have(&self, name: &str) -> bool {
        matches!(self.progress(name), Some(Progress::Stored | Progress::OnItsWay))
    }

    fn progress(&self, name: &str) -> Option<Progress> {
        lock(&self.state).held.iter().find(|held| held.name == name).map(|held| held.progress)
    }

    /// Gives back a listener that the program has dropped. `on_removal` is called when it leaves the store.
    pub(crate) fn put_back(&self, name: &str, listener: Listener, on_removal: Option<OnRemoval>) {
        let mut state = lock(&self.state);
        state.release(name);
        let until = (state.phase != Phase::Starting).then(|| Instant::now() + DROPPED);
        state.unheld.push(Unheld { name: name.to_owned(), listener, until, on_removal });
        drop(state);
        self.job(Job::Look);
    }

    /// Removes a listener that the program has closed.
    pub(crate) fn remove(&self, name: &str) {
        let mut state = lock(&self.state);
        state.release(name);
        state.last_removal = Some(Instant::now());
        drop(state);
        self.job(Job::Remove(name.to_owned()));
    }

    /// Removes the unheld listeners for which `is_in_the_way` returns true. Returns whether the service manager may be about
    /// to close a listener: one of these, or one that was removed a moment ago.
    pub(crate) fn remove_unheld(&self, is_in_the_way: impl Fn(&Listener) -> bool) -> bool {
        let mut state = lock(&self.state);
        let removed = state.take_unheld(|unheld| is_in_the_way(&unheld.listener));
        if !removed.is_empty() {
            state.last_removal = Some(Instant::now());
        }
        let closes_soon = state.last_removal.is_some_and(|last| last.elapsed() < CLOSES_WITHIN);
        drop(state);
        for Unheld { name, listener, .. } in removed {
            drop(listener);
            self.job(Job::Remove(name));
        }
        closes_soon
    }

    /// Learns when the service is ready, and when it stops.
    pub(super) fn learn(&self, fact: &FactKind) {
        let mut state = lock(&self.state);
        match fact {
            FactKind::Ready if state.phase == Phase::Starting => {
                state.phase = Phase::Running;
                let until = Instant::now() + LEFT_OVER;
                for unheld in &mut state.unheld {
                    unheld.until = Some(until);
                }
                drop(state);
                self.job(Job::Look);
            }
            FactKind::Stopping { .. } => state.phase = Phase::Stopping,
            _ => {}
        }
    }

    /// Does the jobs, each at its time. The socket may be full, so that the thread hangs.
    fn run(&self, socket: &Socket, jobs: &mpsc::Receiver<Job>, warn: impl Fn(&str)) {
        let remove = |name: &str| {
            let _ = socket.send(&format!("FDSTOREREMOVE=1\nFDNAME={name}"));
        };
        let mut has_warned = false;
        let mut warn_once = |warning: &str| {
            if !std::mem::replace(&mut has_warned, true) {
                warn(warning);
            }
        };
        loop {
            let next = lock(&self.state).next_removal();
            let job = match next {
                None => jobs.recv().map_err(|_| mpsc::RecvTimeoutError::Disconnected),
                Some(next) => jobs.recv_timeout(next.saturating_duration_since(Instant::now())),
            };
            match job {
                Ok(Job::Store(name, listener)) => {
                    let stored = socket.send_with(&format!("FDSTORE=1\nFDNAME={name}"), listener.as_fd());
                    let progress = if stored.is_ok() { Progress::Stored } else { Progress::Refused };
                    lock(&self.state).came_to(progress, &name);
                    if let Err(error) = stored {
                        warn_once(&refused(&name, &error));
                    }
                }
                Ok(Job::Remove(name)) => remove(&name),
                Ok(Job::Warn(warning)) => warn_once(&warning),
                Ok(Job::Look) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    let now = Instant::now();
                    let due = lock(&self.state).take_due(now);
                    for Unheld { name, listener, on_removal, .. } in due {
                        // First, so that the address is free as soon as the service manager has closed its own.
                        drop(listener);
                        remove(&name);
                        if let Some(on_removal) = on_removal {
                            on_removal();
                        }
                    }
                }
            }
        }
    }

    fn job(&self, job: Job) {
        // The thread ends with the process only.
        let _ = self.jobs.send(job);
    }

    fn warn(&self, warning: String) {
        self.job(Job::Warn(warning));
    }
}

fn refused(name: &str, error: &io::Error) -> String {
    format!("cannot pass `{name}` to systemd, so a restart refuses clients: {error}")
}

impl State {
    /// Forgets that a listener of this process has the name.
    fn release(&mut self, name: &str) {
        self.held.retain(|held| held.name != name);
    }

    fn came_to(&mut self, progress: Progress, name: &str) {
        for held in self.held.iter_mut().filter(|held| held.name == name) {
            held.progress = progress;
        }
    }

    fn take_unheld(&mut self, is_meant: impl Fn(&Unheld) -> bool) -> Vec<Unheld> {
        self.unheld.extract_if(.., |unheld| is_meant(unheld)).collect()
    }

    /// Returns the instant at which a listener is removed. `None` if the store stays as it is.
    fn next_removal(&self) -> Option<Instant> {
        let next = self.unheld.iter().filter_map(|unheld| unheld.until).min();
        next.filter(|_| self.phase == Phase::Running)
    }

    fn take_due(&mut self, now: Instant) -> Vec<Unheld> {
        if self.phase != Phase::Running {
            return Vec::new();
        }
        let due = self.take_unheld(|unheld| unheld.until.is_some_and(|until| until <= now));
        if !due.is_empty() {
            self.last_removal = Some(now);
        }
        due
    }
}

/// Returns the name of an address: ASCII characters without a colon, at most 255. A longer name is an error.
pub(crate) fn name_of(address: &[u8]) -> Result<String, String> {
    let mut name = NAME_PREFIX.to_owned();
    for byte in address {
        if byte.is_ascii_graphic() && !matches!(byte, b':' | b'%') {
            name.push(char::from(*byte));
        } else {
            let _ = write!(name, "%{byte:02X}");
        }
    }
    if name.len() > MAX_NAME_BYTES { Err(name) } else { Ok(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listener() -> Listener {
        std::net::TcpListener::bind("127.0.0.1:0").expect("a port").into()
    }

    fn unheld(until: Option<Instant>) -> Unheld {
        Unheld { name: "a".into(), listener: listener(), until, on_removal: None }
    }

    #[test]
    fn r37_a_store_is_used_where_the_manager_has_one_for_this_process() {
        let of = |fdstore: Option<&str>, pid: Option<&str>| {
            let variables = [(FDSTORE, fdstore), (SYSTEMD_EXEC_PID, pid)];
            capacity(|name| variables.iter().find(|(known, _)| *known == name)?.1.map(str::to_owned), 7)
        };
        assert_eq!(of(Some("4"), None), 4);
        assert_eq!(of(Some("4"), Some("7")), 4);
        for (fdstore, pid) in [(None, None), (Some("0"), None), (Some("many"), None), (Some("4"), Some("8"))]
        {
            assert_eq!(of(fdstore, pid), 0, "{fdstore:?} {pid:?}");
        }
    }

    #[test]
    fn r37_a_name_is_ascii_without_a_colon_and_differs_for_each_address() {
        assert_eq!(name_of(b"[::1]:8080").unwrap(), "lifecycle-[%3A%3A1]%3A8080");
        assert_eq!(name_of("/run/ä %3A".as_bytes()).unwrap(), "lifecycle-/run/%C3%A4%20%253A");
        assert_eq!(name_of(&[b'a'; 245]).unwrap().len(), MAX_NAME_BYTES);
        assert!(name_of(&[b'a'; 246]).is_err());
    }

    /// A process that does not become ready has failed to start, and the next one takes its listeners.
    #[test]
    fn r37_nothing_is_removed_before_the_service_is_ready_and_after_it_stops() {
        let now = Instant::now();
        for (phase, removed) in [(Phase::Starting, 0), (Phase::Running, 1), (Phase::Stopping, 0)] {
            let later = unheld(Some(now + DROPPED));
            let mut state =
                State { phase, unheld: vec![unheld(Some(now)), later, unheld(None)], ..State::default() };
            assert_eq!(state.next_removal(), (removed == 1).then_some(now));
            assert_eq!(state.take_due(now).len(), removed);
            assert_eq!(state.unheld.len(), 3 - removed);
        }
    }
}
