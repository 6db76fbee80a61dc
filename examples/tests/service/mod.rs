//! An example as a process of its own, that is stopped by a real signal.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

/// Longer than any of them has to stop: what has not happened by then never will.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// What `future` gives, if it does at all.
#[track_caller]
pub(crate) fn soon<F: Future>(what: &str, future: F) -> impl Future<Output = F::Output> {
    let at = std::panic::Location::caller();
    async move {
        let given = tokio::time::timeout(PATIENCE, future).await;
        given.unwrap_or_else(|_| panic!("{at}: {what}: not within {PATIENCE:?}"))
    }
}

/// Killed when it is dropped.
pub(crate) struct Service {
    process: Child,
    /// Where it says it is: the last word of its first line, a URL, a queue, a stream.
    pub(crate) address: String,
    /// Kept open, as a terminal would.
    _stdout: Lines<BufReader<ChildStdout>>,
}

impl Service {
    /// Starts it with these settings in its environment, and waits until it says where it is.
    pub(crate) async fn start(example: &str, settings: &[(&str, &str)]) -> Service {
        Service::start_with(example, &[], settings).await
    }

    /// With these arguments.
    pub(crate) async fn start_with(example: &str, arguments: &[&str], settings: &[(&str, &str)]) -> Service {
        let mut process = Command::new(executable(example))
            .args(arguments)
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("it is executable");
        let mut stdout = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        let line = soon("a first line", stdout.next_line()).await.expect("a pipe can be read");
        let Some(line) = line else { panic!("it did not start: {}", read(process.stderr.take()).await) };
        let address = line.rsplit(' ').next().unwrap_or_default();
        Service { address: address.to_owned(), process, _stdout: stdout }
    }

    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = self.process.id().and_then(|id| i32::try_from(id).ok()).expect("it runs");
        kill_process(Pid::from_raw(id).expect("no process has id 0"), signal).expect("it runs");
    }

    /// Waits for its end: the status, and what it wrote to stderr.
    pub(crate) async fn ended(mut self) -> (ExitStatus, String) {
        let stderr = read(self.process.stderr.take()).await;
        (soon("its exit", self.process.wait()).await.expect("a child can be waited for"), stderr)
    }
}

/// All that it writes, to its end.
async fn read(stderr: Option<ChildStderr>) -> String {
    let (mut pipe, mut text) = (stderr.expect("a pipe"), String::new());
    soon("its end", pipe.read_to_string(&mut text)).await.expect("a pipe can be read");
    text
}

/// Where it is: `cargo test` builds the examples of the package before it runs its tests, unless it is told which.
pub(crate) fn executable(example: &str) -> PathBuf {
    let test = std::env::current_exe().expect("this test has a path");
    let profile = test.ancestors().nth(2).expect("it is in `deps`, in the folder of a profile");
    let path = profile.join("examples").join(example);
    assert!(path.exists(), "not built: run `cargo build -p lifecycle-examples --examples`");
    path
}
