//! Child processes: start, readiness line, and SIGTERM.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

pub(crate) struct Running {
    child: Child,
    /// The time from the start to the line on stdout.
    pub(crate) ready_after: Duration,
}

impl Running {
    /// Starts a program, and waits for its readiness line.
    pub(crate) fn start(program: &str, args: &[&str]) -> Running {
        Running::start_with(program, args, &[])
    }

    /// Starts a program with these environment variables, and waits for its readiness line.
    pub(crate) fn start_with(program: &str, args: &[&str], variables: &[(&str, OsString)]) -> Running {
        let begun = Instant::now();
        let mut child = Command::new(program)
            .args(args)
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a child");
        let mut line = String::new();
        let stdout = child.stdout.as_mut().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        assert!(!line.is_empty(), "{program} {args:?} ended without a word");
        Running { child, ready_after: begun.elapsed() }
    }

    /// Sends SIGTERM, and waits for the exit.
    pub(crate) fn stop(mut self) -> (Duration, ExitStatus) {
        let pid = Pid::from_child(&self.child);
        let begun = Instant::now();
        kill_process(pid, Signal::TERM).expect("it runs");
        let status = self.child.wait().expect("it ends");
        (begun.elapsed(), status)
    }
}
