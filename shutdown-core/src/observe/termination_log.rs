//! The termination log of Kubernetes: the file that the kubelet shows as the message of a container that has ended (R36).

use std::fmt::Write as _;
use std::path::Path;
use std::{fs, io};

use crate::report::{InstanceReport, MainOutcome, Outcome, Report};

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
    let hooks = || {
        let hook = |one: &InstanceReport| Some((one.name.clone(), one.at_notice.as_ref()?.outcome.clone()));
        report.instances.iter().filter_map(hook)
    };
    for (name, outcome) in hooks().filter(|(_, outcome)| matches!(outcome, Outcome::Failed { .. })) {
        let _ = writeln!(text, "`{name}` at the notice: {outcome}");
    }
    for instance in &report.instances {
        if matches!(instance.outcome, Outcome::Failed { .. }) {
            let _ = writeln!(text, "`{}`: {}", instance.name, instance.outcome);
        }
    }
    for straggler in &report.stragglers {
        let _ = writeln!(text, "cut off: {straggler}");
    }
    for (name, outcome) in hooks().filter(|(_, outcome)| is_cut(outcome)) {
        let _ = writeln!(text, "`{name}` at the notice: {outcome}");
    }
    for instance in report.instances.iter().filter(|instance| is_cut(&instance.outcome)) {
        let _ = writeln!(text, "`{}`: {}", instance.name, instance.outcome);
    }
    let is_end = |end: &usize| text.is_char_boundary(*end);
    let end = (0..=MAX_BYTES.min(text.len())).rev().find(is_end).unwrap_or(0);
    text.truncate(end);
    text
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Lifecycle;
    use crate::report::{AtNoticeReport, Failure, FailureKind};

    /// R31, R36: what failed at the notice is told as well, also if its teardown went well.
    #[tokio::test(start_paused = true)]
    async fn r31_the_message_names_the_hooks_that_failed() {
        let main = async { crate::defer("Registry", || async {}) };
        let mut report = Lifecycle::builder().run(main).await;
        let failures =
            vec![Failure { step: "deregister", kind: FailureKind::Error, message: "refused".to_owned() }];
        let failed = Outcome::Failed { failures, unconfirmed: Vec::new() };
        for (outcome, words) in [
            (failed, "`Registry` at the notice: deregister failed: refused"),
            (Outcome::TimedOut, "`Registry` at the notice: timed out"),
        ] {
            let (start, took) = (Duration::ZERO, Duration::ZERO);
            report.instances[0].at_notice = Some(AtNoticeReport { start, took, outcome });
            assert_eq!(message(&report), format!("`main` ended; exit status 70\n{words}\n"));
        }
    }
}
