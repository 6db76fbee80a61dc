//! A service before its start: the program, its environment, and how the test learns that it is ready.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::guardian::Guardian;
use super::notified::Notified;
use super::place::Place;
use super::service::Service;
use super::stopped::Stopped;
use crate::sync::Counter;

/// The settings of a service that is started as a process of its own.
///
/// The program does not need to use `lifecycle`. A service in another language is started in the same way.
///
/// The service begins as a service manager would start it: in a session of its own, without a terminal, with the default
/// action of each signal. It does not inherit the variables `LIFECYCLE_*` and `NOTIFY_SOCKET` of the test.
///
/// # Examples
///
/// ```no_run
/// use lifecycle::testing::Program;
/// # macro_rules! env { ($name:literal) => { $name } }
///
/// let mut service = Program::new(env!("CARGO_BIN_EXE_shop"))
///     .address("LISTEN") // LISTEN=127.0.0.1:12345, a free port
///     .ready_at_probe("/readyz") // GET, until the status is 200
///     .start();
/// service.terminate();
/// service.stopped().exited(0);
/// ```
#[must_use = "a program does nothing until `start`"]
pub struct Program {
    path: OsString,
    command: Option<Command>,
    launcher: Vec<OsString>,
    arguments: Vec<OsString>,
    variables: Vec<(OsString, Option<OsString>)>,
    stdin: Option<Stdio>,
    stdout: Option<Stdio>,
    stderr: Option<Stdio>,
    steps: Vec<Box<Step>>,
    pub(super) address: Option<SocketAddr>,
    pub(super) ready: Vec<Ready>,
    pub(super) patience: Duration,
    writes_report: bool,
}

/// A change of the command.
type Step = dyn FnOnce(&mut Command) + Send;

/// A sign that the service is ready.
#[derive(Clone, Debug)]
pub(super) enum Ready {
    /// A line that contains this text.
    Line(String),
    /// A line that contains this text, and goes on with the address.
    Address(String),
    /// A GET for this path has the status 200.
    Probe(String),
    /// `READY=1` on the socket in `NOTIFY_SOCKET`.
    Notified,
}

impl Program {
    /// The time that a service has to become ready, and to end. A machine of a build farm may be ten times too slow.
    pub const PATIENCE: Duration = Duration::from_secs(60);

    /// Configures the program at `path`, or of this name in `PATH`.
    ///
    /// A test of a package finds its own binaries by `env!("CARGO_BIN_EXE_name")`.
    pub fn new(path: impl AsRef<OsStr>) -> Program {
        let unset = [
            "LIFECYCLE_DRILL",
            "LIFECYCLE_GRACE",
            "LIFECYCLE_LAME_DUCK",
            "LIFECYCLE_PLAN",
            "LIFECYCLE_REPORT",
        ];
        let systemd = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "FDSTORE", "SYSTEMD_EXEC_PID"];
        let listeners = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"];
        let variables = unset.into_iter().chain(systemd).chain(listeners);
        Program {
            path: path.as_ref().to_owned(),
            command: None,
            launcher: Vec::new(),
            arguments: Vec::new(),
            variables: variables.map(|name| (name.into(), None)).collect(),
            stdin: None,
            stdout: None,
            stderr: None,
            steps: Vec::new(),
            address: None,
            ready: Vec::new(),
            patience: Program::PATIENCE,
            writes_report: true,
        }
    }

    /// Adds an argument.
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Program {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    pub fn args<A: AsRef<OsStr>>(self, arguments: impl IntoIterator<Item = A>) -> Program {
        arguments.into_iter().fold(self, Program::arg)
    }

    /// Configures an environment variable.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Program {
        self.variables.push((name.as_ref().to_owned(), Some(value.as_ref().to_owned())));
        self
    }

    /// Removes an environment variable that the test itself has.
    pub fn env_remove(mut self, name: impl AsRef<OsStr>) -> Program {
        self.variables.push((name.as_ref().to_owned(), None));
        self
    }

    /// Configures `LIFECYCLE_GRACE`, which is `"30s"` for 30 seconds.
    pub fn grace(self, grace: &str) -> Program {
        self.env("LIFECYCLE_GRACE", grace)
    }

    /// Configures `LIFECYCLE_LAME_DUCK`, which is `"5s"` for 5 seconds.
    pub fn lame_duck(self, lame_duck: &str) -> Program {
        self.env("LIFECYCLE_LAME_DUCK", lame_duck)
    }

    /// Chooses a free port, and passes `127.0.0.1:PORT` to the service in this variable.
    pub fn address(mut self, variable: &str) -> Program {
        let address = Place::LOOPBACK.port();
        self.address = Some(address);
        self.env(variable, address.to_string())
    }

    /// Chooses a free port of 127.0.0.1, and passes its number to the service in this variable.
    pub fn port(mut self, variable: &str) -> Program {
        let address = Place::LOOPBACK.port();
        self.address = Some(address);
        self.env(variable, address.port().to_string())
    }

    /// Names the address of a service that has it from elsewhere.
    pub fn at(mut self, address: SocketAddr) -> Program {
        self.address = Some(address);
        self
    }

    /// Waits at the start for a line that contains `text`, and takes the address from the rest of the line.
    ///
    /// The line may be on stdout or on stderr, after the time and the level of a log line. The rest is an address, as in
    /// `listening at 127.0.0.1:8080`, or a URL, as in `listening at http://127.0.0.1:8080/`.
    pub fn prints_address(mut self, text: &str) -> Program {
        self.ready.push(Ready::Address(text.to_owned()));
        self
    }

    /// Waits at the start for a line that contains `text`, on stdout or on stderr.
    pub fn ready_at_line(mut self, text: &str) -> Program {
        self.ready.push(Ready::Line(text.to_owned()));
        self
    }

    /// Waits at the start until a GET for `path`, at the address of the service, has the status 200.
    pub fn ready_at_probe(mut self, path: &str) -> Program {
        self.ready.push(Ready::Probe(path.to_owned()));
        self
    }

    /// Waits at the start until the service sends `READY=1`, as `Type=notify` of systemd does.
    ///
    /// [`Service::notifications`] returns all that the service sends.
    pub fn ready_by_systemd(mut self) -> Program {
        self.ready.push(Ready::Notified);
        self
    }

    /// Configures how long each wait for the service may take. Defaults to [60 s](Program::PATIENCE).
    pub fn patience(mut self, patience: Duration) -> Program {
        self.patience = patience;
        self
    }

    /// Configures the stdin of the service, which is empty by default.
    pub fn stdin(mut self, stdin: impl Into<Stdio>) -> Program {
        self.stdin = Some(stdin.into());
        self
    }

    /// Makes the stdin of the service a pipe, for [`Service::tell`].
    pub fn piped_stdin(self) -> Program {
        self.stdin(Stdio::piped())
    }

    /// Configures the stdout of the service, which the test then does not read.
    pub fn stdout(mut self, stdout: impl Into<Stdio>) -> Program {
        self.stdout = Some(stdout.into());
        self
    }

    /// Configures the stderr of the service, which the test then does not read.
    pub fn stderr(mut self, stderr: impl Into<Stdio>) -> Program {
        self.stderr = Some(stderr.into());
        self
    }

    /// Starts the program through another one, as in `["nice", "-n", "19"]`.
    ///
    /// The signals go to the launcher, unless it becomes the program (`exec`) or [`Service::descend`] is called.
    pub fn through(mut self, launcher: &[&str]) -> Program {
        self.launcher = launcher.iter().map(OsString::from).collect();
        self
    }

    /// Configures anything else of the [`Command`], such as its folder or its user.
    pub fn configure(mut self, step: impl FnOnce(&mut Command) + Send + 'static) -> Program {
        self.steps.push(Box::new(step));
        self
    }

    /// Does not ask the service for its report: the variable `LIFECYCLE_REPORT` is not set.
    pub fn without_report(mut self) -> Program {
        self.writes_report = false;
        self
    }

    /// Starts the program, and waits until it is ready.
    ///
    /// The process, and every process that it has started, is killed when the [`Service`] is dropped, and when the test
    /// ends in any other way. See [`Service`].
    ///
    /// # Panics
    ///
    /// If the program cannot be executed, ends, or does not become ready in time. The message has its output.
    #[track_caller]
    pub fn start(mut self) -> Service {
        let mut command = self.command();
        let guardian = Guardian::before(&mut command).expect("a socket can be made");
        let report = self.report_file().filter(|_| self.writes_report);
        if let Some(file) = &report {
            command.env("LIFECYCLE_REPORT", file.path());
        }
        let asked = self.variable("LIFECYCLE_REPORT");
        for (name, value) in self.variables.drain(..) {
            match value {
                Some(value) => command.env(name, value),
                None if name == "LIFECYCLE_REPORT" && report.is_some() => &mut command,
                None => command.env_remove(name),
            };
        }
        let notified = self.ready.iter().any(|sign| matches!(sign, Ready::Notified)).then(Notified::listen);
        if let Some(notified) = &notified {
            command.env("NOTIFY_SOCKET", notified.path());
        }
        command.stdin(self.stdin.take().unwrap_or_else(Stdio::null));
        command.stdout(self.stdout.take().unwrap_or_else(Stdio::piped));
        command.stderr(self.stderr.take().unwrap_or_else(Stdio::piped));
        for step in self.steps.drain(..) {
            step(&mut command);
        }
        let guarded = match guardian.start(&mut command) {
            Ok(guarded) => guarded,
            Err(error) => panic!("cannot start {}: {error}", command.get_program().display()),
        };
        let mut service = Service::new(guarded, &self, notified, report, asked.map(PathBuf::from));
        service.wait_until_ready(&self.ready);
        service
    }

    /// Starts the program, and waits until it ends by itself.
    ///
    /// # Panics
    ///
    /// As [`start`](Program::start) and [`Service::stopped`].
    #[track_caller]
    pub fn run(self) -> Stopped {
        self.start().stopped()
    }

    /// Returns the command of the launcher and the program.
    fn command(&mut self) -> Command {
        let mut words = std::mem::take(&mut self.launcher);
        let mut command = match self.command.take() {
            Some(command) if words.is_empty() => command,
            given => {
                words.push(self.path.clone());
                let given = given.iter().flat_map(Command::get_args).map(OsStr::to_owned);
                words.extend(given);
                let mut command = Command::new(&words[0]);
                command.args(&words[1..]);
                command
            }
        };
        command.args(self.arguments.drain(..));
        command
    }

    /// Returns the value of a variable that was configured.
    fn variable(&self, name: &str) -> Option<OsString> {
        self.variables.iter().rfind(|(known, _)| known == name)?.1.clone()
    }

    fn report_file(&self) -> Option<TemporaryFile> {
        self.variable("LIFECYCLE_REPORT").is_none().then(|| TemporaryFile::new("report"))
    }
}

/// Takes a command as it is, with its folder, its user and its environment. The streams are those of the [`Program`].
///
/// ```
/// use lifecycle::testing::Program;
/// use std::process::Command;
///
/// let mut command = Command::new("pwd");
/// command.current_dir("/");
/// Program::from(command).run().exited(0).said(&["/"]);
/// ```
impl From<Command> for Program {
    fn from(command: Command) -> Program {
        let mut program = Program::new(command.get_program());
        program.variables.retain(|(name, _)| command.get_envs().all(|(given, _)| given != name));
        Program { command: Some(command), ..program }
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = (&self.launcher, &self.path, &self.arguments);
        f.debug_struct("Program").field("command", &words).field("ready", &self.ready).finish_non_exhaustive()
    }
}

/// The path of a file that is removed when this value is dropped.
#[derive(Debug)]
pub(super) struct TemporaryFile(PathBuf);

impl TemporaryFile {
    /// Returns a path that no other test has.
    pub(super) fn new(name: &str) -> TemporaryFile {
        static LAST: Counter = Counter::new();
        let number = LAST.next();
        TemporaryFile(std::env::temp_dir().join(format!("lifecycle-{name}-{}-{number}", std::process::id())))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        // A service that has ended early has written none.
        let _ = std::fs::remove_file(&self.0);
    }
}
