//! systemd: what its service manager is told, and when (R37).
//!
//! | fact | assignments (`sd_notify(3)`) |
//! |---|---|
//! | ready | `READY=1`, `MAINPID` |
//! | a resource starts, waits for a new error, or has started | `STATUS` |
//! | a reload begins, and ends | `RELOADING=1` and `MONOTONIC_USEC` in one datagram, then `READY=1` |
//! | the notice | `STOPPING=1` |
//! | each change of the stop, and every 5 s | `STATUS` |
//! | a hook at the notice begins | `STATUS` |
//! | progress of the stop | `EXTEND_TIMEOUT_USEC`, never beyond the deadline |
//! | the report | `STATUS`, then `BARRIER=1`, so that everything is read before the process is gone |

mod socket;
#[cfg(feature = "net")]
pub(crate) mod store;

use std::borrow::Cow;
use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd as _;
use std::sync::Mutex;
use std::time::Duration;

use humantime::format_duration;

use self::socket::Socket;
use crate::report::{Fact, FactKind};
use crate::stage::Stage;
use crate::sync::lock;

/// The environment variable with the name of the socket.
const NOTIFY_SOCKET: &str = "NOTIFY_SOCKET";
/// How far each sign of progress extends the time-out of the service manager.
const EXTENSION: Duration = Duration::from_secs(10);
/// How often progress is told at most.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(1);
/// How long the exit waits until the service manager has read everything.
const BARRIER_LIMIT: Duration = Duration::from_millis(80);
/// The longest status. The manual sets no limit, and a person reads one line.
const MAX_STATUS_BYTES: usize = 256;

/// Tells systemd what happens.
pub(crate) struct Systemd {
    socket: Socket,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The deadline of the stop, as a time since the lifecycle was built.
    deadline: Duration,
    /// The instant of the last sign of progress.
    progress: Option<Duration>,
    /// What the stop waited for.
    waiting_for: Vec<String>,
    is_ready: bool,
    /// The resources that start, each with the error that it waits for.
    starting: Vec<(Cow<'static, str>, Option<String>)>,
}

impl Systemd {
    /// Connects to the service manager. `None` if the process was not started by one that listens.
    pub(crate) fn connect() -> io::Result<Option<Systemd>> {
        let name = std::env::var_os(NOTIFY_SOCKET).filter(|name| !name.is_empty());
        let connected = |name: OsString| Socket::connect(&name);
        let socket = name.map(connected).transpose()?;
        Ok(socket.map(|socket| Systemd { socket, state: Mutex::default() }))
    }

    /// Starts the store of listeners, if the service manager has one for this process.
    #[cfg(feature = "net")]
    pub(crate) fn start_store(&self, warn: impl Fn(&str) + Send + 'static) -> io::Result<()> {
        store::start(self.socket.try_clone()?, warn)
    }

    /// Tells one fact. An error means that the service manager is gone, or does not read.
    pub(crate) fn tell(&self, fact: &Fact) {
        #[cfg(feature = "net")]
        if let Some(store) = store::current() {
            store.learn(&fact.kind);
        }
        let assignments = lock(&self.state).learn(fact);
        if !assignments.is_empty() {
            let _ = self.socket.send(&assignments.join("\n"));
        }
        if let FactKind::Sealed { .. } = fact.kind {
            self.wait_until_read();
        }
    }

    /// Tells that the runtime still works.
    pub(crate) fn keep_alive(&self) {
        let _ = self.socket.send("WATCHDOG=1");
    }

    /// Waits until the service manager has read everything: it closes the descriptor of a barrier.
    fn wait_until_read(&self) {
        let Ok((ours, theirs)) = io::pipe() else { return };
        let sent = self.socket.send_with("BARRIER=1", theirs.as_fd());
        drop(theirs);
        if sent.is_ok() {
            socket::wait_until_closed(&ours, BARRIER_LIMIT);
        }
    }
}

impl State {
    /// Returns what the service manager is told of a fact.
    fn learn(&mut self, fact: &Fact) -> Vec<String> {
        match &fact.kind {
            FactKind::Ready => {
                self.is_ready = true;
                vec!["READY=1".into(), format!("MAINPID={}", std::process::id()), status("running")]
            }
            FactKind::Reloading => vec![
                "RELOADING=1".into(),
                format!("MONOTONIC_USEC={}", socket::monotonic_micros()),
                status("reloading"),
            ],
            FactKind::Reloaded { error: None, .. } => vec!["READY=1".into(), status("running")],
            FactKind::Reloaded { error: Some(error), .. } => {
                vec!["READY=1".into(), status(&format!("running with the old configuration: {error}"))]
            }
            FactKind::StartBegan { name } => {
                self.starting.push((name.clone(), None));
                vec![self.starting()]
            }
            FactKind::StartWaits { name, error } => {
                let waits = self.starting.iter_mut().find(|(known, _)| known == name);
                if let Some((_, known)) = waits {
                    *known = Some(error.clone());
                }
                vec![self.starting()]
            }
            FactKind::StartEnded { name, .. } => {
                self.starting.retain(|(known, _)| known != name);
                vec![self.starting()]
            }
            FactKind::StartOver { .. } => {
                self.starting.clear();
                Vec::new()
            }
            FactKind::Stopping { reason, left } => {
                self.deadline = fact.at + *left;
                let text = format!("stopping: {reason}; {} left", seconds(*left));
                let mut assignments = vec!["STOPPING=1".into(), status(&text)];
                assignments.extend(self.progress(fact.at));
                assignments
            }
            FactKind::Hurried { left } => {
                self.deadline = fact.at + *left;
                vec![status(&format!("stopping: second signal; {} left", seconds(*left)))]
            }
            FactKind::Entered { stage } => {
                let text = format!("{}; {} left", doing(*stage), seconds(self.left(fact.at)));
                [status(&text)].into_iter().chain(self.progress(fact.at)).collect()
            }
            FactKind::Waiting { stage, names, .. } => {
                let status = awaited(doing(*stage), names, &seconds(self.left(fact.at)));
                let has_changed = std::mem::replace(&mut self.waiting_for, names.clone()) != *names;
                let progress = if has_changed { self.progress(fact.at) } else { None };
                [status].into_iter().chain(progress).collect()
            }
            FactKind::AtNoticeBegan { name, .. } => {
                let text = format!("at the notice: {name}; {} left", seconds(self.left(fact.at)));
                [status(&text)].into_iter().chain(self.progress(fact.at)).collect()
            }
            FactKind::AtNoticeEnded { .. }
            | FactKind::TeardownBegan { .. }
            | FactKind::TeardownEnded { .. } => self.progress(fact.at).into_iter().collect(),
            FactKind::Sealed { report } => {
                vec![status(&format!("stopped: {}; exit status {}", report.reason, report.exit_status()))]
            }
            _ => Vec::new(),
        }
    }

    /// Returns the status of a start. What waits for something comes first.
    fn starting(&self) -> String {
        let waits =
            self.starting.iter().filter_map(|(name, error)| Some(format!("{name}: {}", error.as_ref()?)));
        let waits: Vec<String> = waits.collect();
        let names = || self.starting.iter().map(|(name, _)| name.as_ref()).collect::<Vec<_>>().join(", ");
        match (self.starting.is_empty(), waits.is_empty()) {
            (true, _) => status(if self.is_ready { "running" } else { "starting" }),
            (false, true) => status(&format!("starting: {}", names())),
            (false, false) => status(&format!("starting: waits for {}", waits.join(", "))),
        }
    }

    fn left(&self, at: Duration) -> Duration {
        self.deadline.saturating_sub(at)
    }

    /// Returns the assignment that extends the time-out, up to the deadline, unless one was sent a moment ago.
    fn progress(&mut self, at: Duration) -> Option<String> {
        if self.progress.is_some_and(|last| at < last + PROGRESS_INTERVAL) {
            return None;
        }
        self.progress = Some(at);
        let extension = self.left(at).min(EXTENSION);
        (!extension.is_zero()).then(|| format!("EXTEND_TIMEOUT_USEC={}", extension.as_micros()))
    }
}

fn status(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let is_end = |end: &usize| line.is_char_boundary(*end);
    let end = (0..=MAX_STATUS_BYTES.min(line.len())).rev().find(is_end).unwrap_or(0);
    format!("STATUS={}", &line[..end])
}

/// Returns the status of a stop that waits. Names that do not fit are counted, so that the time is shown in any case.
fn awaited(doing: &str, names: &[String], left: &str) -> String {
    let end = |shown: usize| match names.len() - shown {
        0 => format!("; {left} left"),
        more => format!(", {more} more; {left} left"),
    };
    let with = |shown: usize| format!("{doing}: {}{}", names[..shown].join(", "), end(shown));
    let fits = |shown: &usize| with(*shown).len() <= MAX_STATUS_BYTES;
    let shown = (1..=names.len()).rev().find(fits).unwrap_or(names.len().min(1));
    status(&with(shown))
}

fn doing(stage: Stage) -> &'static str {
    match stage {
        Stage::Running => "running",
        Stage::LameDuck => "lame duck",
        Stage::Drain => "draining",
        Stage::Cleanup => "tearing down",
        Stage::Flush => "flushing",
        Stage::Exited => "stopped",
    }
}

fn seconds(left: Duration) -> String {
    format_duration(Duration::from_secs(left.as_secs())).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Reason;

    const SECOND: Duration = Duration::from_secs(1);

    /// Returns what is told of these facts, each at this second.
    fn told(facts: &[(u32, FactKind)]) -> Vec<Vec<String>> {
        let mut state = State::default();
        facts
            .iter()
            .map(|(second, kind)| state.learn(&Fact { at: *second * SECOND, kind: kind.clone() }))
            .collect()
    }

    fn stopping(left: Duration) -> FactKind {
        FactKind::Stopping { reason: Reason::MainEnded, left }
    }

    fn waiting(names: &[&str]) -> FactKind {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        FactKind::Waiting { stage: Stage::Drain, names, left: Duration::ZERO }
    }

    #[test]
    fn r37_the_status_says_what_is_waited_for_and_how_long_it_may_take() {
        let told = told(&[
            (100, stopping(25 * SECOND)),
            (101, FactKind::AtNoticeBegan { name: "Registry".into(), instance: 0 }),
            (105, waiting(&["12 requests", "1 consumer"])),
            (107, FactKind::Entered { stage: Stage::Cleanup }),
        ]);
        assert_eq!(told[0][..2], ["STOPPING=1", "STATUS=stopping: `main` ended; 25s left"]);
        assert_eq!(told[1][0], "STATUS=at the notice: Registry; 24s left");
        assert_eq!(told[2][0], "STATUS=draining: 12 requests, 1 consumer; 20s left");
        assert_eq!(told[3][0], "STATUS=tearing down; 18s left");
    }

    /// R27: the status of a start says what is waited for, and why.
    #[test]
    fn r37_the_status_of_a_start_says_what_is_waited_for() {
        let began = |name: &'static str| FactKind::StartBegan { name: name.into() };
        let ended =
            |name: &'static str| FactKind::StartEnded { name: name.into(), attempts: 1, took: SECOND };
        let waits = FactKind::StartWaits { name: "Database".into(), error: "connection refused".into() };
        let facts = [began("Database"), began("Broker"), waits, ended("Broker"), ended("Database")];
        let told = told(&facts.map(|fact| (0, fact)));
        assert_eq!(
            told.concat(),
            [
                "STATUS=starting: Database",
                "STATUS=starting: Database, Broker",
                "STATUS=starting: waits for Database: connection refused",
                "STATUS=starting: waits for Database: connection refused",
                "STATUS=starting",
            ]
        );
    }

    /// A stop that hangs is not extended, and no extension goes beyond the deadline.
    #[test]
    fn r37_the_time_out_is_extended_by_progress_up_to_the_deadline() {
        let told = told(&[
            (0, stopping(25 * SECOND)),
            (5, waiting(&["a", "b"])),
            (10, waiting(&["a", "b"])),
            (15, waiting(&["a"])),
            (20, FactKind::Entered { stage: Stage::Cleanup }),
            (20, FactKind::TeardownBegan { name: "a".into(), instance: 0 }),
            (25, FactKind::Entered { stage: Stage::Flush }),
        ]);
        let extended: Vec<Option<&str>> = told
            .iter()
            .map(|told| told.iter().find_map(|one| one.strip_prefix("EXTEND_TIMEOUT_USEC=")))
            .collect();
        let ten = Some("10000000");
        assert_eq!(extended, [ten, ten, None, ten, Some("5000000"), None, None]);
    }

    #[test]
    fn r37_a_status_with_many_names_counts_those_that_do_not_fit() {
        let names: Vec<String> =
            (0..20).map(|number| format!("http at 127.0.0.1:80{number:02}: a request")).collect();
        let status = awaited("draining", &names, "7s");
        assert!(status.len() <= MAX_STATUS_BYTES + 7, "{status}");
        assert!(status.starts_with("STATUS=draining: http at 127.0.0.1:8000: a request, "), "{status}");
        assert!(status.ends_with("8005: a request, 14 more; 7s left"), "{status}");
    }

    #[test]
    fn a_status_is_one_line_and_ends_with_a_whole_character() {
        let long = status(&format!("a\nREADY=1 {}", "ä".repeat(MAX_STATUS_BYTES)));
        assert!(
            long.starts_with("STATUS=a READY=1 ä")
                && !long.contains('\n')
                && long.len() <= MAX_STATUS_BYTES + 7
        );
    }
}
