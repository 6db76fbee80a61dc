//! An example as a process of the kit, for tests whose clients are tasks: each wait leaves the runtime to the others.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use lifecycle::testing::{self, Program, Stopped};

use crate::wait::{soon, until};

/// The variables that name the servers of the examples.
const URLS: [&str; 4] = ["NATS_URL", "POSTGRES_URL", "RABBITMQ_URL", "REDIS_URL"];

/// A running example. It is killed when it is dropped.
#[derive(Debug)]
pub struct Service {
    process: testing::Service,
    /// The last word of the latest line on stdout that was waited for: a URL, a queue or a stream.
    pub address: String,
    /// The number of lines that were waited for.
    lines: usize,
}

impl Service {
    /// Starts a program with these arguments and environment variables, and waits for its first line on stdout.
    ///
    /// # Panics
    ///
    /// The program does not start. The message has its stderr.
    pub async fn start(program: impl AsRef<Path>, arguments: &[&str], variables: &[(&str, &str)]) -> Service {
        let process = configured(program.as_ref(), arguments, variables).start();
        let mut service = Service { process, address: String::new(), lines: 0 };
        service.moved().await;
        service
    }

    /// Waits for the next line on stdout, and takes the address from its last word.
    ///
    /// # Panics
    ///
    /// The process has ended.
    pub async fn moved(&mut self) {
        let (process, at) = (&mut self.process, self.lines);
        until("the next line on stdout", async || {
            let over = process.is_over();
            let said = process.stdout().len() > at;
            process.expect(said || !over, "the service has ended");
            said
        })
        .await;
        self.process.stdout()[at].rsplit(' ').next().unwrap_or_default().clone_into(&mut self.address);
        self.lines += 1;
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
    pub fn terminate(&mut self) {
        self.process.terminate();
    }

    /// Sends a signal.
    #[track_caller]
    pub fn signal(&mut self, signal: i32) {
        self.process.signal(signal);
    }

    /// Waits for the end of the process. Returns its status and its stderr.
    ///
    /// # Panics
    ///
    /// The process does not end in time.
    pub async fn ended(self) -> (ExitStatus, String) {
        let stopped = aside(move || self.process.stopped()).await;
        (stopped.status, stderr(&stopped))
    }

    /// Stops the service with SIGTERM, and returns its stderr.
    ///
    /// # Panics
    ///
    /// The exit status is not 0.
    pub async fn stopped(self) -> String {
        let stopped = aside(move || self.process.stop()).await;
        stderr(stopped.exited(0))
    }
}

/// Runs a program that refuses to start, and returns its stderr.
///
/// # Panics
///
/// The exit status is not 1.
pub async fn refusal(program: impl AsRef<Path>, arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let program = configured(program.as_ref(), arguments, variables);
    let stopped = aside(move || program.run()).await;
    stderr(stopped.exited(1))
}

/// A program without the server addresses of the caller's environment.
fn configured(program: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Program {
    let program = Program::new(program).without_report().args(arguments);
    let program = URLS.iter().fold(program, Program::env_remove);
    variables.iter().fold(program, |program, (name, value)| program.env(name, value))
}

/// Waits on a thread of its own, because the clients of the service are tasks of this runtime.
async fn aside<T: Send + 'static>(wait: impl FnOnce() -> T + Send + 'static) -> T {
    let ended = tokio::task::spawn_blocking(wait);
    match soon("the exit of the service", ended).await {
        Ok(ended) => ended,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

fn stderr(stopped: &Stopped) -> String {
    stopped.stderr.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
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
