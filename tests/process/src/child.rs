//! A running child: its output, its signals, its end.

use std::io::Write as _;
use std::process;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::ended::Ended;
use crate::output::Output;
use crate::status::{SignalSets, is_frozen};
use crate::{PATIENCE, children};

/// A running child, which is killed when this value is dropped.
#[derive(Debug)]
pub struct Child {
    process: process::Child,
    /// The process that receives the signals: the child, or the only child of its launcher.
    target: u32,
    stdout: Output,
    stderr: Output,
    /// The instant of the first signal, or of the start.
    asked: Instant,
    signalled: bool,
}

impl Child {
    pub(crate) fn new(mut child: process::Child) -> Child {
        Child {
            target: child.id(),
            stdout: Output::of(child.stdout.take()),
            stderr: Output::of(child.stderr.take()),
            process: child,
            asked: Instant::now(),
            signalled: false,
        }
    }

    /// Returns the id of the process that receives the signals.
    pub fn pid(&self) -> u32 {
        self.target
    }

    /// Waits until the launcher has started its only child, and directs all signals to that child.
    #[track_caller]
    pub fn descend(&mut self) {
        let until = Instant::now() + PATIENCE;
        self.target = loop {
            if let [child] = children(self.process.id())[..] {
                break child;
            }
            let over = self.is_over();
            self.expect(Instant::now() < until && !over, "it started no process");
            sleep(Duration::from_millis(2));
        };
    }

    /// Waits until the child writes `line` on stdout.
    #[track_caller]
    pub fn wait_for(&mut self, line: &str) {
        let said = self.stdout.wait_for(line, Instant::now() + PATIENCE);
        self.expect(said, &format!("it never said `{line}`"));
    }

    /// Waits until the child writes a line on stdout that begins with `start`. Returns the rest of the line.
    #[track_caller]
    pub fn wait_for_start(&mut self, start: &str) -> String {
        let rest = self.stdout.wait_for_start(start, Instant::now() + PATIENCE);
        self.expect(rest.is_some(), &format!("it never said `{start}..`"));
        rest.unwrap_or_default()
    }

    /// Writes `line` to the child's stdin. See [`Program::listening_to_us`](crate::Program::listening_to_us).
    #[track_caller]
    pub fn tell(&mut self, line: &str) {
        let told = self.process.stdin.as_mut().map(|stdin| writeln!(stdin, "{line}"));
        self.expect(matches!(told, Some(Ok(()))), &format!("cannot tell it `{line}`: {told:?}"));
    }

    /// Stops all threads of the child until [`thaw`](Child::thaw). The kernel still serves its sockets.
    #[track_caller]
    pub fn freeze(&mut self) {
        self.send(libc::SIGSTOP);
        let until = Instant::now() + PATIENCE;
        while !is_frozen(self.target) {
            self.expect(Instant::now() < until, "it does not stand still");
            std::thread::yield_now();
        }
    }

    /// Continues the child after a [`freeze`](Child::freeze).
    #[track_caller]
    pub fn thaw(&mut self) {
        self.send(libc::SIGCONT);
    }

    /// Waits until the child writes `line` on stderr.
    #[track_caller]
    pub fn wait_for_on_stderr(&mut self, line: &str) {
        let said = self.stderr.wait_for(line, Instant::now() + PATIENCE);
        self.expect(said, &format!("it never said `{line}` on stderr"));
    }

    /// A resource whose fields the lint checks.
    pub fn since_asked(&self) -> Duration {
        self.asked.elapsed()
    }

    /// Returns the child's signal sets as the kernel lists them, or `None` after its end.
    pub fn signals(&self) -> Option<SignalSets> {
        SignalSets::of(self.target)
    }

    /// Waits until the child has a handler for `signal`. Returns `false` if the child ended before.
    #[track_caller]
    pub fn wait_until_it_catches(&mut self, signal: i32) -> bool {
        let until = Instant::now() + PATIENCE;
        loop {
            if self.signals().is_some_and(|sets| sets.catches(signal)) {
                return true;
            }
            if self.is_over() {
                return false;
            }
            self.expect(Instant::now() < until, "it never installed a handler");
            // The loop has no pause, because a start-up takes milliseconds.
            std::thread::yield_now();
        }
    }

    /// Sends `signal` to the child. The first signal starts the clock.
    #[track_caller]
    pub fn signal(&mut self, signal: i32) {
        if !self.signalled {
            (self.asked, self.signalled) = (Instant::now(), true);
        }
        self.send(signal);
    }

    #[track_caller]
    fn send(&mut self, signal: i32) {
        let pid = i32::try_from(self.target).expect("process ids fit");
        // SAFETY: `kill` takes integers. The process is a child that has not been waited for, so the id is its
        // own.
        let sent = unsafe { libc::kill(pid, signal) };
        self.expect(sent == 0, "it was gone before the signal");
    }

    /// Sends `signals` to the stopped child, which therefore receives all of them at the same time.
    #[track_caller]
    pub fn signal_at_once(&mut self, signals: &[i32]) {
        self.signal(libc::SIGSTOP);
        for signal in signals {
            self.signal(*signal);
        }
        self.signal(libc::SIGCONT);
    }

    /// Returns whether the child has ended.
    pub fn is_over(&mut self) -> bool {
        !matches!(self.process.try_wait(), Ok(None))
    }

    /// Waits until the child ends.
    #[track_caller]
    pub fn ended(mut self) -> Ended {
        let until = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.process.try_wait().expect("a child can be waited for") {
                break status;
            }
            self.expect(Instant::now() < until, "it does not end");
            sleep(Duration::from_millis(2));
        };
        let took = self.asked.elapsed();
        // The output is still in the pipes. A process that the child started may keep them open.
        let until = Instant::now() + Duration::from_secs(5);
        self.stdout.wait_for_end(until);
        self.stderr.wait_for_end(until);
        Ended { status, took, stdout: self.stdout.lines(), stderr: self.stderr.lines() }
    }

    /// Panics with all output of the child if `holds` is false.
    #[track_caller]
    pub fn expect(&self, holds: bool, what: &str) {
        assert!(
            holds,
            "{what}\n--- stdout\n{}\n--- stderr\n{}",
            self.stdout.lines().join("\n"),
            self.stderr.lines().join("\n"),
        );
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.is_over() {
            for pid in children(self.process.id()) {
                let pid = i32::try_from(pid).expect("process ids fit");
                // SAFETY: `kill` takes integers. The process is a child of our child, and it has not ended.
                unsafe { libc::kill(pid, libc::SIGKILL) };
            }
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }
}
