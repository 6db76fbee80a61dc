//! A folder with a report file, the service that writes it, and the program that shows it.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use libc::{SIGKILL, SIGTERM};
use lifecycle_process_tests::{PATIENCE, Program, fixture};

/// A folder of one test, which is removed at its end.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Creates the folder.
    ///
    /// # Panics
    ///
    /// If that fails.
    pub fn new(name: &str) -> Folder {
        let folder = std::env::temp_dir().join(format!("lifecycle-show-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        Folder(folder)
    }

    /// Returns the path of a file in the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Returns the report file.
    pub fn report(&self) -> PathBuf {
        self.file("stops.jsonl")
    }

    /// Runs the service at `path` with `count` instances and these faults, and stops it by SIGTERM.
    #[track_caller]
    pub fn stop(&self, path: &str, count: usize, faults: &[&str]) {
        let mut child = self.service(path, count, faults).start();
        child.wait_for("ready");
        child.signal(SIGTERM);
        child.stopped();
    }

    /// Runs the service, and kills it while its first teardown hangs.
    #[track_caller]
    pub fn kill_in_cleanup(&self, path: &str, count: usize) {
        let before = self.lines("teardown_began");
        let mut child = self.service(path, count, &["hang"]).start();
        child.wait_for("ready");
        child.signal(SIGTERM);
        let until = Instant::now() + PATIENCE;
        while self.lines("teardown_began") == before {
            assert!(Instant::now() < until, "no teardown begins");
            std::thread::sleep(Duration::from_millis(1));
        }
        child.signal(SIGKILL);
        child.stopped().killed_by(SIGKILL);
    }

    fn service(&self, path: &str, count: usize, faults: &[&str]) -> Program {
        let program = fixture(path, &count.to_string()).grace("2s").env("LIFECYCLE_REPORT", self.report());
        let program = program.env("SVG", self.file("stop.svg"));
        faults.iter().fold(program, Program::arg)
    }

    fn lines(&self, fact: &str) -> usize {
        let text = fs::read_to_string(self.report()).unwrap_or_default();
        text.matches(&format!("\"fact\":\"{fact}\"")).count()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if std::env::var_os("LIFECYCLE_KEEP").is_none() {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

/// Returns the page of a report file.
#[track_caller]
pub fn show(program: &str, file: &Path) -> String {
    let output = Command::new(program).arg("show").arg(file).output().expect("it starts");
    text_of(&output)
}

/// Returns the page of lines on standard input.
#[track_caller]
pub fn show_text(program: &str, arguments: &[&str], text: &[u8]) -> String {
    let mut command = Command::new(program);
    command
        .arg("show")
        .args(arguments)
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    child.stdin.take().expect("a pipe").write_all(text).expect("it reads");
    text_of(&child.wait_with_output().expect("it ends"))
}

#[track_caller]
fn text_of(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}
