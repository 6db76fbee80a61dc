//! An example as a process, which the test stops with a real signal.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

use crate::signals;
use crate::wait::soon;

/// The variables that name the servers of the examples.
const URLS: [&str; 4] = ["NATS_URL", "POSTGRES_URL", "RABBITMQ_URL", "REDIS_URL"];

/// A running example. It is killed when it is dropped.
#[derive(Debug)]
pub struct Service {
    process: Child,
    /// The last word of the first line on stdout: a URL, a queue or a stream.
    pub address: String,
    /// Kept open, because the service may write to it.
    stdout: Lines<BufReader<ChildStdout>>,
}

impl Service {
    /// Starts a program with these arguments and environment variables, and waits for its first line on stdout.
    ///
    /// # Panics
    ///
    /// The program does not start. The message has its stderr.
    pub async fn start(program: impl AsRef<Path>, arguments: &[&str], variables: &[(&str, &str)]) -> Service {
        let mut command = command(program.as_ref(), arguments, variables);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn().expect("the program is executable");
        let mut stdout = BufReader::new(process.stdout.take().expect("stdout is a pipe")).lines();
        let line = soon("the first line on stdout", stdout.next_line()).await.expect("the pipe is readable");
        let Some(line) = line else {
            panic!("the service did not start: {}", read(process.stderr.take()).await)
        };
        let address = line.rsplit(' ').next().unwrap_or_default();
        Service { address: address.to_owned(), process, stdout }
    }

    /// Waits for the next line on stdout, and takes the address from its last word.
    ///
    /// # Panics
    ///
    /// The process has ended.
    pub async fn moved(&mut self) {
        let line = soon("the next line on stdout", self.stdout.next_line()).await;
        let line = line.expect("the pipe is readable").expect("the service is running");
        line.rsplit(' ').next().unwrap_or_default().clone_into(&mut self.address);
    }

    /// Returns the address of an HTTP service.
    ///
    /// # Panics
    ///
    /// The service has not printed a URL with an address.
    #[track_caller]
    pub fn socket(&self) -> std::net::SocketAddr {
        let (_, address) = self.address.split_once("://").expect("the service prints a URL");
        let address = address.split('/').next().unwrap_or_default();
        address.parse().expect("the URL has an address")
    }

    /// Sends SIGTERM.
    #[track_caller]
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Sends a signal.
    ///
    /// # Panics
    ///
    /// The process has ended already.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        let id = self.process.id().and_then(|id| i32::try_from(id).ok()).expect("the service is running");
        let id = Pid::from_raw(id).expect("a process id is not 0");
        kill_process(id, signal).expect("the service is running");
    }

    /// Waits for the end of the process. Returns its status and its stderr.
    ///
    /// # Panics
    ///
    /// The process does not end in time.
    pub async fn ended(mut self) -> (ExitStatus, String) {
        let stderr = read(self.process.stderr.take()).await;
        let status = soon("the exit of the service", self.process.wait()).await;
        (status.expect("the service is a child of this process"), stderr)
    }

    /// Stops the service with SIGTERM, and returns its stderr.
    ///
    /// # Panics
    ///
    /// The exit status is not 0.
    pub async fn stopped(self) -> String {
        self.terminate();
        let (status, stderr) = self.ended().await;
        assert_eq!(status.code(), Some(0), "{stderr}");
        stderr
    }
}

/// Runs a program that refuses to start, and returns its stderr.
///
/// # Panics
///
/// The exit status is not 1.
pub async fn refusal(program: impl AsRef<Path>, arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let output = command(program.as_ref(), arguments, variables).output();
    let output = soon("the exit of the service", output).await.expect("the program is executable");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    stderr
}

/// A command without the server addresses of the caller's environment.
fn command(program: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(program);
    for url in URLS {
        command.env_remove(url);
    }
    command.args(arguments).envs(variables.iter().copied());
    signals::reset(command.as_std_mut());
    command
}

/// Reads a pipe to its end.
async fn read(stderr: Option<ChildStderr>) -> String {
    let (mut pipe, mut text) = (stderr.expect("stderr is a pipe"), String::new());
    soon("the end of stderr", pipe.read_to_string(&mut text)).await.expect("the pipe is readable");
    text
}

/// Returns the path of the program of another package. A test of the same package uses `CARGO_BIN_EXE_..` instead.
///
/// # Panics
///
/// The program is not built.
#[track_caller]
pub fn built(program: &str) -> PathBuf {
    let test = std::env::current_exe().expect("this test has a path");
    let profile = test.ancestors().nth(2).expect("this test is in the folder `deps` of a profile");
    let path = profile.join(program);
    assert!(
        path.exists(),
        "`{program}` is not built: run `cargo build -p checkout -p worker --all-features`"
    );
    path
}
