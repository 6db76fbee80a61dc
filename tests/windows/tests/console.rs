//! Console events stop a process with `#[lifecycle::main]`. The events come from the routine in which Windows calls the
//! handlers of a process.
#![cfg(windows)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const CTRL_C: u32 = 0;
const CTRL_BREAK: u32 = 1;
const CLOSE: u32 = 2;
const LOGOFF: u32 = 5;
const SHUTDOWN: u32 = 6;

/// Two events count as two after 250 ms.
const BETWEEN_EVENTS: Duration = Duration::from_millis(300);

/// `STATUS_CONTROL_C_EXIT`.
const KILLED_BY_CTRL_C: i32 = 0xC000_013A_u32.cast_signed();

struct Service {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    seen: String,
}

struct Ended {
    status: i32,
    stdout: String,
    report: String,
    took: Duration,
}

impl Service {
    /// Starts a service with something in the way of its stop, and waits until it is ready.
    fn start(obstacle: &str, grace: &str) -> Service {
        let mut child = Command::new(env!("CARGO_BIN_EXE_service"))
            .arg(obstacle)
            .env("LIFECYCLE_GRACE", grace)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the service starts");
        let stdin = child.stdin.take().expect("piped");
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let mut service = Service { child, stdin, stdout, seen: String::new() };
        service.wait_for("ready");
        service
    }

    fn raise(&mut self, event: u32) {
        writeln!(self.stdin, "{event}").expect("the service reads its stdin");
    }

    /// Waits until the service has written this line.
    #[track_caller]
    fn wait_for(&mut self, line: &str) {
        loop {
            let mut next = String::new();
            self.stdout.read_line(&mut next).expect("text");
            assert!(!next.is_empty(), "the service ended before `{line}`: {}", self.seen);
            self.seen += &next;
            if next.trim_end() == line {
                return;
            }
        }
    }

    /// Waits until the service has ended.
    #[track_caller]
    fn end(mut self) -> Ended {
        let begun = Instant::now();
        let status = loop {
            match self.child.try_wait().expect("a child of this process") {
                Some(status) => break status.code().expect("every process of Windows has one"),
                None if begun.elapsed() > Duration::from_secs(60) => {
                    self.child.kill().expect("it runs");
                    panic!("the service did not end: {}", self.seen);
                }
                None => thread::sleep(Duration::from_millis(10)),
            }
        };
        let took = begun.elapsed();
        self.stdout.read_to_string(&mut self.seen).expect("text");
        let mut report = String::new();
        self.child.stderr.take().expect("piped").read_to_string(&mut report).expect("text");
        Ended { status, stdout: self.seen, report, took }
    }
}

impl Ended {
    #[track_caller]
    fn says(&self, report: &str) {
        assert!(self.report.contains(report), "`{report}` is not in the report:\n{}", self.report);
    }

    fn is_torn_down(&self) -> bool {
        self.stdout.contains("teardown ended")
    }
}

/// R14: Ctrl-C skips the lame duck.
#[test]
fn ctrl_c_stops_gracefully_without_a_lame_duck() {
    let mut service = Service::start("", "60s");
    service.raise(CTRL_C);
    let ended = service.end();
    assert_eq!(ended.status, 0, "{}", ended.report);
    assert!(ended.is_torn_down());
    ended.says("lifecycle: Ctrl-C; stopped in");
    assert!(!ended.report.contains("lame duck"), "{}", ended.report);
}

/// R14: Ctrl-Break is what SIGTERM is on a Unix.
#[test]
fn ctrl_break_stops_gracefully_after_a_lame_duck() {
    let mut service = Service::start("", "60s");
    service.raise(CTRL_BREAK);
    let ended = service.end();
    assert_eq!(ended.status, 0, "{}", ended.report);
    assert!(ended.is_torn_down());
    ended.says("lifecycle: Ctrl-Break; stopped in");
    ended.says("lame duck");
}

/// R14: a second event ends the drain, and the teardown still runs.
#[test]
fn a_second_event_hurries_the_stop() {
    for event in [CTRL_C, CTRL_BREAK] {
        let mut service = Service::start("work", "10min");
        service.raise(event);
        service.wait_for(&format!("the handler of {event} returned"));
        thread::sleep(BETWEEN_EVENTS);
        service.raise(event);
        let ended = service.end();
        assert_eq!(ended.status, 70, "{}", ended.report);
        assert!(ended.is_torn_down());
        ended.says("cut off:");
    }
}

/// R14: a third event ends the process as Windows ends one that does not handle Ctrl-C.
#[test]
fn a_third_event_kills_the_process() {
    let mut service = Service::start("teardown", "10min");
    for _ in 0..2 {
        service.raise(CTRL_C);
        service.wait_for("the handler of 0 returned");
        thread::sleep(BETWEEN_EVENTS);
    }
    service.raise(CTRL_C);
    let ended = service.end();
    assert_eq!(ended.status, KILLED_BY_CTRL_C, "{}", ended.report);
}

/// R9: Windows ends a process 5 s after these events, and as soon as its handler returns. The stop fits into that time,
/// and the handler does not return before.
#[test]
fn a_close_a_logoff_and_a_shutdown_leave_the_time_that_windows_waits() {
    for (event, reason) in [
        (CLOSE, "the close of the console"),
        (LOGOFF, "the logoff of the user"),
        (SHUTDOWN, "the shutdown of Windows"),
    ] {
        let mut service = Service::start("work", "10min");
        service.raise(event);
        let ended = service.end();
        assert_eq!(ended.status, 70, "{}", ended.report);
        assert!(ended.is_torn_down());
        assert!(!ended.stdout.contains("returned"), "{}", ended.stdout);
        ended.says(&format!("lifecycle: {reason}; stopped in"));
        ended.says("of 4s 750ms");
        assert!(!ended.report.contains("lame duck"), "{}", ended.report);
        assert!(ended.took < Duration::from_secs(5), "Windows would have ended it: {:?}", ended.took);
    }
}

/// R9: a shorter grace stays.
#[test]
fn a_close_with_a_short_grace_leaves_that_grace() {
    let mut service = Service::start("work", "1s");
    service.raise(CLOSE);
    let ended = service.end();
    assert!(ended.is_torn_down());
    ended.says("of 1s,");
}

/// R9: neither a function of `atexit` nor the last call of a DLL holds up the exit.
#[test]
fn a_hanging_end_of_the_process_does_not_outlive_grace() {
    for (obstacle, line) in [("atexit", "an exit handler"), ("dll", "")] {
        let mut service = Service::start(obstacle, "10s");
        service.raise(CTRL_C);
        let ended = service.end();
        assert_eq!(ended.status, 0, "{obstacle}: {}", ended.report);
        assert!(ended.is_torn_down());
        assert!(ended.took < Duration::from_secs(10), "{:?}", ended.took);
        ended.says("lifecycle: Ctrl-C; stopped in");
        ended.says(line);
    }
}
