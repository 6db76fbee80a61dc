//! How the run before this one ended, as its report file tells (R35).

use std::collections::BTreeSet;
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::time::{Duration, SystemTime};

use humantime::{format_duration, parse_rfc3339};

use crate::json::{field, text};

/// The part of the file that is read: the last 1 MiB.
const TAIL_BYTES: u64 = 1 << 20;

/// The end of an earlier run, as the report file tells: see [`last_stop`](crate::last_stop).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LastStop {
    /// The process ID of that run.
    pub pid: u32,
    /// The instant of the last line of that run.
    pub at: SystemTime,
    /// The exit status, if the report was sealed. `None` if the process was killed before.
    pub status: Option<u8>,
    /// Why that run stopped, in words. `None` if no stop had begun: it was killed, or it crashed.
    pub reason: Option<String>,
    /// The time from the begin of the stop to the last line.
    pub took: Duration,
    /// The stage of the stop that was entered last.
    pub stage: Option<String>,
    /// The teardowns that had begun and not ended.
    pub open: Vec<String>,
}

/// Prints a sentence about a run that did not end well, or the status of one that did.
impl fmt::Display for LastStop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the last run (process {}) ", self.pid)?;
        let took =
            format_duration(Duration::from_millis(u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX)));
        match (&self.reason, self.status) {
            (_, Some(status)) => write!(f, "stopped with status {status} after {took}"),
            (None, None) => f.write_str("ended without a stop: it was killed, or it crashed"),
            (Some(reason), None) => {
                write!(f, "was killed during its stop ({reason}), after {took}")?;
                if let Some(stage) = &self.stage {
                    write!(f, ", in the stage `{stage}`")?;
                }
                match self.open.as_slice() {
                    [] => Ok(()),
                    open => write!(f, "; not torn down to the end: `{}`", open.join("`, `")),
                }
            }
        }
    }
}

/// Reads the end of the last run that is over. `is_running` says whether a process of this ID still runs.
pub(crate) fn read(path: &Path, is_running: impl Fn(u32) -> bool) -> io::Result<Option<LastStop>> {
    // To open a pipe would wait for its writer.
    if !path.is_file() {
        return Ok(None);
    }
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
    let mut tail = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut tail)?;
    Ok(last_of(&String::from_utf8_lossy(&tail), is_running))
}

/// Returns the run whose last line comes last, among those that are over. A line that is torn or foreign is skipped.
///
/// The search goes from the end to the begin of that run, because a start waits for it.
fn last_of(lines: &str, is_running: impl Fn(u32) -> bool) -> Option<LastStop> {
    let mut going_on = BTreeSet::new();
    let mut found: Vec<Line> = Vec::new();
    for line in lines.lines().rev().filter_map(Line::of) {
        match found.first() {
            Some(last) if last.run != line.run => continue,
            Some(_) => {}
            None if going_on.contains(&line.run) => continue,
            None if is_running(line.pid) => {
                going_on.insert(line.run);
                continue;
            }
            None => {}
        }
        let is_first = line.fact == "started";
        found.push(line);
        if is_first {
            break;
        }
    }
    let first = found.last()?;
    let mut run = Run::new(first.pid, first.at);
    for line in found.iter().rev() {
        run.learn(line);
    }
    Some(run.stop)
}

/// One line of the file.
struct Line<'a> {
    run: String,
    pid: u32,
    at: SystemTime,
    fact: String,
    text: &'a str,
}

impl Line<'_> {
    fn of(line: &str) -> Option<Line<'_>> {
        let run = field(line, "run").and_then(text)?;
        let pid = run.split('-').next()?.parse().ok()?;
        let at = parse_rfc3339(&field(line, "at").and_then(text)?).ok()?;
        let fact = field(line, "fact").and_then(text)?;
        Some(Line { run, pid, at, fact, text: line })
    }
}

struct Run {
    stop: LastStop,
    stopping_at: Option<SystemTime>,
}

impl Run {
    fn new(pid: u32, at: SystemTime) -> Run {
        let (status, reason, stage) = (None, None, None);
        let stop = LastStop { pid, at, status, reason, took: Duration::ZERO, stage, open: Vec::new() };
        Run { stop, stopping_at: None }
    }

    fn learn(&mut self, line: &Line<'_>) {
        let (stop, at) = (&mut self.stop, line.at);
        let words = |name| field(line.text, name).and_then(text);
        stop.at = at;
        match &*line.fact {
            "stopping" => (stop.reason, self.stopping_at) = (words("reason"), Some(at)),
            "entered" => stop.stage = words("stage"),
            "teardown_began" => stop.open.extend(words("name")),
            "teardown_ended" => {
                let name = words("name");
                if let Some(open) = stop.open.iter().position(|open| Some(open) == name.as_ref()) {
                    stop.open.remove(open);
                }
            }
            "sealed" => stop.status = field(line.text, "status").and_then(|status| status.parse().ok()),
            _ => {}
        }
        stop.took = self.stopping_at.and_then(|begun| at.duration_since(begun).ok()).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(run: &str, second: u32, rest: &str) -> String {
        format!("{{\"at\":\"2026-01-01T00:00:{second:02}.000Z\",\"run\":\"{run}\",{rest}}}\n")
    }

    fn killed() -> String {
        [
            line("7-1", 0, "\"fact\":\"started\""),
            line("7-1", 1, "\"fact\":\"stopping\",\"reason\":\"SIGTERM from process 1\",\"left_ms\":1"),
            line("7-1", 2, "\"fact\":\"entered\",\"stage\":\"cleanup\""),
            line("7-1", 2, "\"fact\":\"teardown_began\",\"name\":\"a \\\"b\\\"\""),
            line("7-1", 2, "\"fact\":\"teardown_began\",\"name\":\"c\""),
            line("7-1", 4, "\"fact\":\"teardown_ended\",\"name\":\"c\",\"outcome\":\"ok\""),
        ]
        .concat()
    }

    #[test]
    fn r35_a_run_that_was_killed_names_what_was_open() {
        let last = last_of(&killed(), |_| false).expect("a run");
        assert_eq!(
            (last.status, last.took, last.open.clone()),
            (None, Duration::from_secs(3), vec!["a \"b\"".into()])
        );
        assert_eq!(
            last.to_string(),
            "the last run (process 7) was killed during its stop (SIGTERM from process 1), after 3s, in the stage \
             `cleanup`; not torn down to the end: `a \"b\"`"
        );
    }

    #[test]
    fn r35_a_sealed_run_has_its_status() {
        let lines = killed() + &line("7-1", 5, "\"fact\":\"sealed\",\"status\":70,\"report\":{\"status\":1}");
        let last = last_of(&lines, |_| false).expect("a run");
        assert_eq!(last.to_string(), "the last run (process 7) stopped with status 70 after 4s");
    }

    /// The instance that takes over starts while the old one drains.
    #[test]
    fn r35_a_run_that_still_runs_is_left_out() {
        let lines = killed() + &line("8-2", 6, "\"fact\":\"ready\"");
        assert_eq!(last_of(&lines, |pid| pid == 8).map(|last| last.pid), Some(7));
        let last = last_of(&lines, |_| false).expect("a run");
        assert_eq!(
            last.to_string(),
            "the last run (process 8) ended without a stop: it was killed, or it crashed"
        );
    }

    /// The disk was full, or the tail begins in the middle of a line.
    #[test]
    fn r35_torn_and_foreign_lines_are_skipped() {
        for cut in 0..killed().len() {
            let _ = last_of(&killed()[..cut], |_| false);
            let _ = last_of(&killed()[cut..], |_| false);
        }
        let foreign = format!("what?\n{{\"run\":1}}\n{}{{\"at\":", killed());
        assert_eq!(last_of(&foreign, |_| false), last_of(&killed(), |_| false));
        assert_eq!(last_of("", |_| false), None);
    }
}
