//! The compared servers, as child processes.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Signal, getrlimit, kill_process, setrlimit};

/// A program that serves "hello", and its name in the tables.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    program: &'static str,
    args: &'static [&'static str],
}

/// A server without a graceful stop, which shows the cost of hyper alone.
pub(crate) const PLAIN: Kind = Kind {
    name: "hyper-util, plain spawn",
    program: env!("CARGO_BIN_EXE_http_hyper_util"),
    args: &["plain"],
};
pub(crate) const AXUM: Kind = Kind { name: "axum", program: env!("CARGO_BIN_EXE_http_axum"), args: &[] };
pub(crate) const AXUM_SERVER: Kind =
    Kind { name: "axum-server", program: env!("CARGO_BIN_EXE_http_axum_server"), args: &[] };
pub(crate) const HYPER_UTIL: Kind =
    Kind { name: "hyper-util", program: env!("CARGO_BIN_EXE_http_hyper_util"), args: &[] };
pub(crate) const LIFECYCLE: Kind =
    Kind { name: "lifecycle", program: env!("CARGO_BIN_EXE_http_lifecycle"), args: &[] };

/// The servers with a graceful stop.
pub(crate) const GRACEFUL: [Kind; 4] = [AXUM, AXUM_SERVER, HYPER_UTIL, LIFECYCLE];
pub(crate) const ALL: [Kind; 5] = [PLAIN, AXUM, AXUM_SERVER, HYPER_UTIL, LIFECYCLE];

pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    pub(crate) fn start(kind: &Kind) -> Server {
        let mut child = Command::new(kind.program)
            .args(kind.args)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a child");
        let mut line = String::new();
        let stdout = child.stdout.as_mut().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let address = line.trim().parse().unwrap_or_else(|_| panic!("{} says `{line}`", kind.name));
        Server { child, address }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
    }

    /// Sends SIGTERM, and waits for the exit.
    pub(crate) fn stop(mut self) -> Duration {
        let begun = Instant::now();
        self.signal(Signal::TERM);
        self.child.wait().expect("it ends");
        begun.elapsed()
    }

    /// Returns the resident memory in bytes.
    pub(crate) fn resident(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("the kernel says it");
        let kib: u32 = line.trim().trim_end_matches(" kB").parse().expect("a number");
        f64::from(kib) * 1024.0
    }

    /// Returns the processor time of its threads so far.
    pub(crate) fn busy(&self) -> Duration {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).expect("it runs");
        let nanos = tasks.flatten().filter_map(|task| {
            let times = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
            times.split_whitespace().next()?.parse::<u64>().ok()
        });
        Duration::from_nanos(nanos.sum())
    }
}

/// A panic of the benchmark must not leave a server running.
impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Raises the limit of open files to the hard limit, for this process and its children.
pub(crate) fn raise_open_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).expect("up to the hard limit");
    let enough = limit.current.is_none_or(|limit| limit >= 11_000);
    assert!(enough, "the hard limit of open files is {limit:?}: 11,000 are needed (`ulimit -Hn`)");
}
