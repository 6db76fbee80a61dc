//! A running service: its output, its signals, its end.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ChildStdin;
use std::time::{Duration, Instant};

use super::facts::Facts;
use super::guardian::Guarded;
use super::notified::Notified;
use super::output::Output;
use super::processes;
use super::program::{Program, Ready, TemporaryFile};
use super::report::ServiceReport;
use super::stopped::Stopped;

/// The pause between two looks at something that gives no sign.
const LOOK: Duration = Duration::from_millis(2);

/// How long the text of a failure waits for the last lines.
const LAST_LINES: Duration = Duration::from_millis(100);

/// The time that the output of a service may take after its end.
const OUTPUT_LIMIT: Duration = Duration::from_secs(5);

/// A service in a process of its own, which a test stops.
///
/// [`Program`] starts it. `terminate`, `interrupt`, `hang_up` and `kill` send a signal, `freeze` and `thaw` hold the process,
/// and [`stopped`](Service::stopped) waits for the end.
///
/// # No process stays
///
/// The service is killed with every process that it has started when the value is dropped, and when the test ends in any
/// other way: after a panic, at `process::exit`, and also after a SIGKILL of the test program. On Linux that includes
/// processes that have left their process group or their session (`setsid`), and orphans, because a small process between
/// the test and the service adopts them. It includes none of these:
///
/// - processes that somebody else has started for the service, such as systemd or a daemon of containers
/// - processes of another user, if the test may not kill them
/// - on other Unixes: processes that have left the session of the service
#[derive(Debug)]
#[doc(alias("child", "process"))]
pub struct Service {
    guarded: Guarded,
    /// The process that receives the signals: the program, or the only child of its launcher.
    target: u32,
    address: Option<SocketAddr>,
    stdin: Option<ChildStdin>,
    stdout: Output,
    stderr: Output,
    /// The instant of the first signal, or of the start.
    asked: Instant,
    signalled: bool,
    patience: Duration,
    notified: Option<Notified>,
    /// The report file, and whether it was the test that chose it.
    report: Option<PathBuf>,
    _temporary: Option<TemporaryFile>,
}

impl Service {
    pub(super) fn new(
        mut guarded: Guarded,
        program: &Program,
        notified: Option<Notified>,
        temporary: Option<TemporaryFile>,
        report: Option<PathBuf>,
    ) -> Service {
        let (stdin, stdout, stderr) = guarded.streams();
        Service {
            target: guarded.pid(),
            guarded,
            address: program.address,
            stdin,
            stdout: Output::of(stdout),
            stderr: Output::of(stderr),
            asked: Instant::now(),
            signalled: false,
            patience: program.patience,
            notified,
            report: temporary.as_ref().map(|file| file.path().to_owned()).or(report),
            _temporary: temporary,
        }
    }

    #[track_caller]
    pub(super) fn wait_until_ready(&mut self, signs: &[Ready]) {
        for sign in signs {
            match sign {
                Ready::Line(text) => {
                    self.wait_for_text(text);
                }
                Ready::Address(text) => {
                    let rest = self.wait_for_text(text);
                    let address = address(&rest);
                    self.expect(address.is_some(), &format!("`{rest}` after `{text}` is not an address"));
                    self.address = address;
                }
                Ready::Probe(path) => {
                    let address = self.socket_address();
                    let probe = || super::client::Client::status(address, path) == Some(200);
                    self.wait_until(&format!("`GET {path}` had no status 200"), probe);
                }
                Ready::Notified => {
                    let until = Instant::now() + self.patience;
                    let ready = loop {
                        let look = (Instant::now() + LOOK * 25).min(until);
                        let ready = self.notified.as_ref().is_some_and(|notified| notified.is_ready(look));
                        if ready || look == until || self.is_over() {
                            break ready;
                        }
                    };
                    self.expect(ready, "it never sent `READY=1`");
                }
            }
        }
    }

    /// Returns the id of the process that receives the signals.
    pub fn pid(&self) -> u32 {
        self.target
    }

    /// Returns the address of the service.
    ///
    /// # Panics
    ///
    /// If the [`Program`] has none: see [`Program::address`] and [`Program::prints_address`].
    #[track_caller]
    pub fn socket_address(&self) -> SocketAddr {
        let Some(address) = self.address else {
            panic!("the program has no address: configure `address(..)`, `port(..)` or `prints_address(..)`")
        };
        address
    }

    /// Directs the signals to the only child of a [launcher](Program::through).
    ///
    /// # Panics
    ///
    /// If the launcher starts no process in time.
    #[track_caller]
    pub fn descend(&mut self) {
        let mut child = None;
        let launcher = self.guarded.pid();
        self.wait_until("it started no process", || {
            let children = processes::children(launcher);
            child = (children.len() == 1).then(|| children[0]);
            child.is_some()
        });
        self.target = child.unwrap_or(launcher);
    }

    /// Waits until the service writes `line` on stdout.
    ///
    /// # Panics
    ///
    /// If it ends or the time is over without that line.
    #[track_caller]
    pub fn wait_for(&mut self, line: &str) {
        let said = self.find(false, |said| (said == line).then_some(()));
        self.expect(said.is_some(), &format!("it never said `{line}`"));
    }

    /// Waits until the service writes a line on stdout that begins with `start`. Returns the rest of the line.
    ///
    /// # Panics
    ///
    /// If it ends or the time is over without such a line.
    #[track_caller]
    pub fn wait_for_start(&mut self, start: &str) -> String {
        let rest = self.find(false, |said| said.strip_prefix(start).map(str::to_owned));
        self.expect(rest.is_some(), &format!("it never said `{start}..`"));
        rest.unwrap_or_default()
    }

    /// Waits until the service writes `line` on stderr.
    ///
    /// # Panics
    ///
    /// If it ends or the time is over without that line.
    #[track_caller]
    pub fn wait_for_on_stderr(&mut self, line: &str) {
        let said = self.find(true, |said| (said == line).then_some(()));
        self.expect(said.is_some(), &format!("it never said `{line}` on stderr"));
    }

    /// Waits for a line on either stream that contains `text`. Returns the rest of the line after the text.
    #[track_caller]
    fn wait_for_text(&self, text: &str) -> String {
        let until = Instant::now() + self.patience;
        let rest = |line: &str| line.split_once(text).map(|(_, rest)| rest.to_owned());
        let found = loop {
            let over = self.stdout.is_over() && self.stderr.is_over();
            let look = (Instant::now() + LOOK * 5).min(until);
            let found = self.stdout.find(look, rest).or_else(|| self.stderr.find(look, rest));
            if found.is_some() || over || look == until {
                break found;
            }
        };
        self.expect(found.is_some(), &format!("it never said `{text}`"));
        found.unwrap_or_default()
    }

    fn find<T>(&self, on_stderr: bool, find: impl Fn(&str) -> Option<T>) -> Option<T> {
        let output = if on_stderr { &self.stderr } else { &self.stdout };
        output.find(Instant::now() + self.patience, find)
    }

    /// Writes a line to the stdin of the service: see [`Program::piped_stdin`].
    ///
    /// # Panics
    ///
    /// If the service does not read.
    #[track_caller]
    pub fn tell(&mut self, line: &str) {
        let told = self.stdin.as_mut().map(|stdin| writeln!(stdin, "{line}"));
        self.expect(matches!(told, Some(Ok(()))), &format!("cannot tell it `{line}`: {told:?}"));
    }

    /// Returns the lines that the service has written on stdout so far.
    pub fn stdout(&self) -> Vec<String> {
        self.stdout.lines()
    }

    /// Returns the lines that the service has written on stderr so far.
    pub fn stderr(&self) -> Vec<String> {
        self.stderr.lines()
    }

    /// Returns what the service has sent to its service manager, such as `STATUS=..`: see [`Program::ready_by_systemd`].
    pub fn notifications(&self) -> Vec<String> {
        self.notified.as_ref().map(Notified::lines).unwrap_or_default()
    }

    /// Sends SIGTERM, the signal with which Kubernetes, systemd and Docker stop a service.
    ///
    /// # Panics
    ///
    /// If the service has ended already. All signals do so.
    #[track_caller]
    pub fn terminate(&mut self) {
        self.signal(libc::SIGTERM);
    }

    /// Sends SIGTERM, waits until the service ends, and returns how it ended.
    ///
    /// ```
    /// use lifecycle::testing::Program;
    ///
    /// let script = "trap 'exit 3' TERM; echo ready; while :; do sleep 0.01; done";
    /// let service = Program::new("sh").args(["-c", script]).ready_at_line("ready").start();
    /// service.stop().exited(3);
    /// ```
    ///
    /// # Panics
    ///
    /// As [`terminate`](Service::terminate) and [`stopped`](Service::stopped).
    #[track_caller]
    pub fn stop(mut self) -> Stopped {
        self.terminate();
        self.stopped()
    }

    /// Sends SIGINT, the Ctrl-C of a terminal.
    #[track_caller]
    pub fn interrupt(&mut self) {
        self.signal(libc::SIGINT);
    }

    /// Sends SIGHUP, which asks a service to read its configuration again.
    #[track_caller]
    pub fn hang_up(&mut self) {
        self.signal(libc::SIGHUP);
    }

    /// Sends SIGKILL to the service, and to every process that it has started.
    #[track_caller]
    pub fn kill(&mut self) {
        self.signal(libc::SIGKILL);
        for pid in self.guarded.processes() {
            Guarded::signal(pid, libc::SIGKILL);
        }
    }

    /// Sends a signal. The first signal starts the clock of [`Stopped::took`].
    #[track_caller]
    pub fn signal(&mut self, signal: i32) {
        if !self.signalled {
            (self.asked, self.signalled) = (Instant::now(), true);
        }
        self.send(signal);
    }

    #[track_caller]
    fn send(&mut self, signal: i32) {
        let sent = !self.is_over() && Guarded::signal(self.target, signal);
        self.expect(sent, "it was gone before the signal");
    }

    /// Sends `signals` to the frozen service, which therefore receives all of them at the same time.
    #[track_caller]
    pub fn signal_at_once(&mut self, signals: &[i32]) {
        self.signal(libc::SIGSTOP);
        for signal in signals {
            self.signal(*signal);
        }
        self.signal(libc::SIGCONT);
    }

    /// Stops every thread of the service and of the processes that it has started, until [`thaw`](Service::thaw).
    ///
    /// The kernel still accepts connections for the service, and keeps what clients send. So requests that are sent now
    /// stand in the queues at the instant of `thaw`.
    #[track_caller]
    pub fn freeze(&mut self) {
        self.send(libc::SIGSTOP);
        for pid in self.guarded.processes() {
            Guarded::signal(pid, libc::SIGSTOP);
        }
        // SIGSTOP takes effect some time after it was sent.
        let mut still = vec![self.target];
        still.extend(self.guarded.processes());
        self.wait_until("it does not stand still", || still.iter().all(|pid| processes::stands_still(*pid)));
    }

    /// Continues the service after a [`freeze`](Service::freeze).
    #[track_caller]
    pub fn thaw(&mut self) {
        // A signal that waited may end the service at once.
        self.send(libc::SIGCONT);
        for pid in self.guarded.processes() {
            Guarded::signal(pid, libc::SIGCONT);
        }
    }

    /// Returns the time since the first signal, or since the start.
    pub fn since_asked(&self) -> Duration {
        self.asked.elapsed()
    }

    /// Returns whether the service has ended.
    pub fn is_over(&mut self) -> bool {
        self.guarded.wait(Instant::now()).is_some()
    }

    /// Waits until the service ends, and returns how it ended.
    ///
    /// Processes that the service has left behind are killed, and [`Stopped::left_behind`] names them.
    ///
    /// # Panics
    ///
    /// If the service does not end [in time](Program::patience). The message has its output.
    #[track_caller]
    pub fn stopped(mut self) -> Stopped {
        let status = self.guarded.wait(Instant::now() + self.patience);
        self.expect(status.is_some(), "it does not end");
        let took = self.asked.elapsed();
        let left = self.guarded.processes();
        let left_behind = left.iter().map(|pid| processes::name(*pid)).collect();
        for pid in left {
            Guarded::signal(pid, libc::SIGKILL);
        }
        // The last lines are still in the pipes. A process of another user can keep them open.
        let until = Instant::now() + OUTPUT_LIMIT;
        self.stdout.wait_for_end(until);
        self.stderr.wait_for_end(until);
        let stderr = self.stderr.lines();
        let report = ServiceReport::read(self.report.as_deref(), self.target, &stderr);
        let status = status.unwrap_or_default();
        Stopped { status, took, stdout: self.stdout.lines(), stderr, left_behind, report }
    }

    /// Requires that `holds`, and panics with all output of the service otherwise.
    #[track_caller]
    pub fn expect(&self, holds: bool, what: &str) {
        if holds {
            return;
        }
        // The last lines of a service that has ended are still on their way.
        let until = Instant::now() + LAST_LINES;
        self.stdout.wait_for_end(until);
        self.stderr.wait_for_end(until);
        panic!(
            "{what}\n--- stdout\n{}\n--- stderr\n{}",
            self.stdout.lines().join("\n"),
            self.stderr.lines().join("\n"),
        );
    }

    /// Returns the facts that the service has written to its report file so far.
    pub(super) fn facts(&self) -> Facts {
        self.report.as_deref().map(|file| Facts::read(file, self.target)).unwrap_or_default()
    }

    /// Waits until the facts hold, or until the service has ended. Returns whether they hold. Panics if neither comes in time.
    #[track_caller]
    pub(super) fn wait_for_facts(&mut self, what: &str, holds: impl Fn(&Facts) -> bool) -> bool {
        let until = Instant::now() + self.patience;
        loop {
            // In this order, because the last facts are there when the service has ended.
            let over = self.is_over();
            let holds = holds(&self.facts());
            if holds || over {
                return holds;
            }
            self.expect(Instant::now() < until, what);
            std::thread::sleep(LOOK);
        }
    }

    /// Waits until the service ends, or until `until`. Returns whether it has ended.
    pub(super) fn is_over_by(&mut self, until: Instant) -> bool {
        self.guarded.wait(until).is_some()
    }

    /// Waits until `holds`. Panics with `what` if the service ends before, or the time is over.
    #[track_caller]
    fn wait_until(&mut self, what: &str, mut holds: impl FnMut() -> bool) {
        let until = Instant::now() + self.patience;
        while !holds() {
            let over = self.is_over();
            self.expect(Instant::now() < until && !over, what);
            std::thread::sleep(LOOK);
        }
    }
}

/// Returns the address at the begin of the rest of a line: `127.0.0.1:80`, `http://127.0.0.1:80/path`, `127.0.0.1:80"}`.
fn address(rest: &str) -> Option<SocketAddr> {
    let word = rest.split_whitespace().next()?;
    let word = word.split_once("://").map_or(word, |(_, rest)| rest);
    let is_part = |letter: char| letter.is_ascii_hexdigit() || matches!(letter, '.' | ':' | '[' | ']');
    let end = word.find(|letter| !is_part(letter)).unwrap_or(word.len());
    word[..end].trim_end_matches('.').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn an_address_is_found_in_the_rest_of_a_line() {
        let expected = Some("127.0.0.1:80".parse().unwrap());
        for rest in
            ["127.0.0.1:80", " 127.0.0.1:80 (2 workers)", "http://127.0.0.1:80", "http://127.0.0.1:80/a"]
        {
            assert_eq!(address(rest), expected, "{rest}");
        }
        // The end of a sentence, of a JSON string, and of a coloured word.
        for rest in ["127.0.0.1:80.", "127.0.0.1:80\"}", "127.0.0.1:80\u{1b}[0m", "127.0.0.1:80, 2 workers"] {
            assert_eq!(address(rest), expected, "{rest}");
        }
        assert_eq!(address("[::1]:80/"), Some("[::1]:80".parse().unwrap()));
        assert_eq!(address("localhost:80"), None);
        assert_eq!(address(""), None);
    }
}
