//! The termination log of Kubernetes: the file that the kubelet shows as the message of a container that has ended (R36).

use std::fmt::Write as _;
use std::path::Path;
use std::{fs, io};

use crate::report::{MainOutcome, Outcome, Report};

/// The path that Kubernetes mounts by default (`terminationMessagePath`).
pub(crate) const DEFAULT_PATH: &str = "/dev/termination-log";
/// The kubelet reads this much of the file.
const MAX_BYTES: usize = 4_096;

/// Writes the message if the path is a regular file. Outside of Kubernetes the file does not exist, and is not made.
pub(crate) fn write(path: &Path, report: &Report) -> io::Result<()> {
    match path.metadata() {
        Ok(metadata) if metadata.is_file() => fs::write(path, message(report)),
        _ => Ok(()),
    }
}

/// Returns the reason, the status, what failed, and what was cut off, in this order, in at most [`MAX_BYTES`].
fn message(report: &Report) -> String {
    let mut text = format!("{}; exit status {}\n", report.reason, report.exit_status());
    if let Some(main @ (MainOutcome::Failed { .. } | MainOutcome::Panicked { .. })) = &report.main {
        let _ = writeln!(text, "main {main}");
    }
    for failure in report.failures.iter().chain(&report.faults) {
        let _ = writeln!(text, "{failure}");
    }
    let is_cut = |outcome: &Outcome| matches!(outcome, Outcome::TimedOut | Outcome::NotRun);
    for instance in &report.instances {
        if matches!(instance.outcome, Outcome::Failed { .. }) {
            let _ = writeln!(text, "`{}`: {}", instance.name, instance.outcome);
        }
    }
    for straggler in &report.stragglers {
        let _ = writeln!(text, "cut off: {straggler}");
    }
    for instance in report.instances.iter().filter(|instance| is_cut(&instance.outcome)) {
        let _ = writeln!(text, "`{}`: {}", instance.name, instance.outcome);
    }
    let is_end = |end: &usize| text.is_char_boundary(*end);
    let end = (0..=MAX_BYTES.min(text.len())).rev().find(is_end).unwrap_or(0);
    text.truncate(end);
    text
}
