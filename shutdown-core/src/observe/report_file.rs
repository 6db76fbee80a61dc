//! The report file: one line of JSON for each fact, so that a process that is killed leaves what happened until then (R35).
//!
//! Each line is one `write` with `O_APPEND`. Several processes may share a file, and a signal at any instant leaves whole
//! lines. Rotation is the operator's: the file is opened at the first fact of a run.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use humantime::format_rfc3339_millis;

use crate::json::{list, quoted};
use crate::report::{Fact, FactKind, StartReport};
use crate::signals;
use crate::sync::lock;

/// Writes the facts of one run to a file.
pub(crate) struct ReportFile {
    path: PathBuf,
    /// Tells one run from another: a container has the same process ID in each run.
    run: String,
    began: SystemTime,
    state: Mutex<State>,
}

enum State {
    /// Nothing shows yet that the program is a service. `--version` leaves no line.
    Held(Vec<String>),
    Open(File),
    /// An error has been told, and nothing more is written.
    Failed,
}

impl ReportFile {
    pub(crate) fn new(path: PathBuf) -> ReportFile {
        let began = SystemTime::now();
        let since = began.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let run = format!("{}-{}", std::process::id(), since.as_millis());
        ReportFile { path, run, began, state: Mutex::new(State::Held(Vec::new())) }
    }

    /// Writes the line of a fact.
    ///
    /// # Errors
    ///
    /// Returns the first error, as a sentence. After that, nothing is written, and no error is returned.
    pub(crate) fn write(&self, fact: &Fact) -> Result<(), String> {
        let line = self.line(fact);
        let mut state = lock(&self.state);
        let written = match std::mem::replace(&mut *state, State::Failed) {
            State::Failed => return Ok(()),
            State::Held(mut lines) => {
                lines.push(line);
                if !shows_use(&fact.kind) {
                    *state = State::Held(lines);
                    return Ok(());
                }
                open(&self.path).and_then(|file| append(file, &lines.concat()))
            }
            State::Open(file) => append(file, &line),
        };
        match written {
            Ok(file) => {
                *state = State::Open(file);
                Ok(())
            }
            Err(error) => {
                let path = self.path.display();
                Err(format!(
                    "the report file `{path}` cannot be written: {error}; nothing more is written to it"
                ))
            }
        }
    }

    fn line(&self, fact: &Fact) -> String {
        let at = format_rfc3339_millis(self.began + fact.at);
        let (name, fields) = fields(&fact.kind);
        format!("{{\"at\":\"{at}\",\"run\":\"{}\",\"fact\":\"{name}\"{fields}}}\n", self.run)
    }
}

/// Whether the program is in use, and not about to print its version.
fn shows_use(kind: &FactKind) -> bool {
    !matches!(kind, FactKind::Started | FactKind::Entered { .. } | FactKind::Sealed { .. })
}

fn fields(kind: &FactKind) -> (&'static str, String) {
    let millis = Duration::as_millis;
    match kind {
        FactKind::Started => ("started", String::new()),
        FactKind::Ready => ("ready", String::new()),
        FactKind::Reloading => ("reloading", String::new()),
        FactKind::Reloaded { took, error } => {
            let error = error.as_deref().map_or_else(|| "null".to_owned(), quoted);
            ("reloaded", format!(",\"took_ms\":{},\"error\":{error}", millis(took)))
        }
        FactKind::SignalIgnored { number } => {
            ("signal_ignored", format!(",\"signal\":\"{}\"", signals::name(*number)))
        }
        FactKind::ReadinessDrained => ("readiness_drained", String::new()),
        FactKind::ReadinessUndrained => ("readiness_undrained", String::new()),
        FactKind::NotReady { name, error } => {
            ("not_ready", format!(r#","name":{},"error":{}"#, quoted(name), quoted(error)))
        }
        FactKind::ReadyAgain { name } => ("ready_again", format!(r#","name":{}"#, quoted(name))),
        FactKind::StartBegan { name } => ("start_began", format!(",\"name\":{}", quoted(name))),
        FactKind::StartWaits { name, error } => {
            ("start_waits", format!(",\"name\":{},\"error\":{}", quoted(name), quoted(error)))
        }
        FactKind::StartEnded { name, attempts, took } => (
            "start_ended",
            format!(",\"name\":{},\"attempts\":{attempts},\"took_ms\":{}", quoted(name), millis(took)),
        ),
        FactKind::StartOver { report } => ("start_over", start_over(report)),
        FactKind::Restarting { name, error, after } => (
            "restarting",
            format!(",\"name\":{},\"error\":{},\"after_ms\":{}", quoted(name), quoted(error), millis(after)),
        ),
        FactKind::Stopping { reason, left } => {
            ("stopping", format!(",\"reason\":{},\"left_ms\":{}", quoted(&reason.to_string()), millis(left)))
        }
        FactKind::AtNoticeBegan { name, .. } => ("at_notice_began", format!(",\"name\":{}", quoted(name))),
        FactKind::AtNoticeEnded { name, outcome, .. } => {
            let outcome = quoted(&outcome.to_string());
            ("at_notice_ended", format!(",\"name\":{},\"outcome\":{outcome}", quoted(name)))
        }
        FactKind::Hurried { left } => ("hurried", format!(",\"left_ms\":{}", millis(left))),
        FactKind::Entered { stage } => ("entered", format!(",\"stage\":\"{stage}\"")),
        FactKind::Waiting { stage, names, left } => {
            let names = list(names.iter().map(|name| quoted(name)));
            ("waiting", format!(",\"stage\":\"{stage}\",\"for\":{names},\"left_ms\":{}", millis(left)))
        }
        FactKind::CutOff { stragglers } => {
            let work = list(stragglers.iter().map(|straggler| quoted(&straggler.to_string())));
            ("cut_off", format!(",\"work\":{work}"))
        }
        FactKind::TeardownBegan { name, .. } => ("teardown_began", format!(",\"name\":{}", quoted(name))),
        FactKind::TeardownEnded { name, outcome, .. } => {
            let outcome = quoted(&outcome.to_string());
            ("teardown_ended", format!(",\"name\":{},\"outcome\":{outcome}", quoted(name)))
        }
        FactKind::Unconfirmed { name, reasons } => {
            let reasons = list(reasons.iter().map(|doubt| quoted(&doubt.reason)));
            ("unconfirmed", format!(",\"name\":{},\"reasons\":{reasons}", quoted(name)))
        }
        FactKind::Stopped { took, status } => {
            ("stopped", format!(",\"status\":{status},\"took_ms\":{}", millis(took)))
        }
        FactKind::Sealed { report } => (
            "sealed",
            format!(",\"status\":{},\"report\":{}", report.exit_status(), report.to_json().trim_end()),
        ),
    }
}

/// Opens the file. If its last line has no end, because its disk was full, ends it.
fn start_over(report: &StartReport) -> String {
    let rows = report.rows.iter().map(|row| {
        let start = row.start.map_or_else(|| "null".to_owned(), |start| start.as_millis().to_string());
        format!(
            "{{\"name\":{},\"start_ms\":{start},\"took_ms\":{},\"attempts\":{},\"outcome\":{}}}",
            quoted(&row.name),
            row.took.as_millis(),
            row.attempts,
            quoted(&row.outcome.to_string()),
        )
    });
    format!(
        ",\"took_ms\":{},\"started\":{},\"resources\":{}",
        report.took.as_millis(),
        report.has_started,
        list(rows)
    )
}

fn open(path: &Path) -> io::Result<File> {
    let mut file = File::options().read(true).append(true).create(true).open(path)?;
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(-1)).is_ok() {
        file.read_exact(&mut last)?;
    }
    if last == [b'\n'] { Ok(file) } else { append(file, "\n") }
}

/// Appends whole lines, in one call. Returns the file.
fn append(mut file: File, lines: &str) -> io::Result<File> {
    match file.write(lines.as_bytes()) {
        Ok(written) if written == lines.len() => Ok(file),
        Ok(_) => Err(io::Error::from(io::ErrorKind::StorageFull)),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => append(file, lines),
        Err(error) => Err(error),
    }
}
