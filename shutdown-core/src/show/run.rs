//! The facts of one run, as its lines tell them.

use std::time::{Duration, SystemTime};

use humantime::parse_rfc3339;
use serde_json::Value;

/// A line of a report file.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) run: String,
    pub(super) at: SystemTime,
    pub(super) fact: String,
    value: Value,
}

impl Line {
    /// Reads a line. Returns `None` if it is torn, or of another program.
    pub(super) fn read(line: &[u8]) -> Option<Line> {
        let value: Value = serde_json::from_slice(line).ok()?;
        let run = text(&value, "run")?;
        let at = parse_rfc3339(value.get("at")?.as_str()?).ok()?;
        let fact = text(&value, "fact")?;
        // The report is what the line is for.
        if fact == "sealed" && !value.get("report")?.is_object() {
            return None;
        }
        Some(Line { run, at, fact, value })
    }
}

/// One run of a service.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) id: String,
    pub(super) first: SystemTime,
    pub(super) last: SystemTime,
    pub(super) stopping: Option<Stopping>,
    pub(super) entered: Vec<(String, SystemTime)>,
    pub(super) cut_off: Vec<String>,
    pub(super) teardowns: Vec<Teardown>,
    /// The hooks at the notice.
    pub(super) at_notice: Vec<Teardown>,
    /// The report. `None` if the process was killed before.
    pub(super) report: Option<Value>,
}

#[derive(Debug)]
pub(super) struct Stopping {
    pub(super) at: SystemTime,
    pub(super) reason: String,
    /// The time until the deadline.
    pub(super) left: Duration,
}

#[derive(Debug)]
pub(super) struct Teardown {
    pub(super) name: String,
    pub(super) began: SystemTime,
    /// The end, and the outcome in words.
    pub(super) ended: Option<(SystemTime, String)>,
    pub(super) in_flush: bool,
}

impl Run {
    pub(super) fn new(id: String, at: SystemTime) -> Run {
        Run {
            id,
            first: at,
            last: at,
            stopping: None,
            entered: Vec::new(),
            cut_off: Vec::new(),
            teardowns: Vec::new(),
            at_notice: Vec::new(),
            report: None,
        }
    }

    pub(super) fn learn(&mut self, line: Line) {
        let Line { at, fact, mut value, .. } = line;
        self.last = self.last.max(at);
        let words = |name| text(&value, name).unwrap_or_default();
        match fact.as_str() {
            "stopping" => {
                self.stopping =
                    Some(Stopping { at, reason: words("reason"), left: millis(&value, "left_ms") });
            }
            "entered" => self.entered.push((words("stage"), at)),
            "cut_off" => self.cut_off = texts(&value, "work"),
            "at_notice_began" => {
                self.at_notice.push(Teardown {
                    name: words("name"),
                    began: at,
                    ended: None,
                    in_flush: false,
                });
            }
            "at_notice_ended" => end(&mut self.at_notice, at, &words("name"), words("outcome")),
            "teardown_began" => {
                let in_flush = self.entered.last().is_some_and(|(stage, _)| stage == "flush");
                self.teardowns.push(Teardown { name: words("name"), began: at, ended: None, in_flush });
            }
            "teardown_ended" => end(&mut self.teardowns, at, &words("name"), words("outcome")),
            "sealed" => self.report = Some(value["report"].take()),
            // A fact of a later version says nothing about the picture.
            _ => {}
        }
    }
}

/// Ends the first of these names that is open.
fn end(begun: &mut [Teardown], at: SystemTime, name: &str, outcome: String) {
    let mut open = begun.iter_mut().filter(|one| one.ended.is_none());
    if let Some(one) = open.find(|one| one.name == name) {
        one.ended = Some((at, outcome));
    }
}

pub(super) fn text(value: &Value, name: &str) -> Option<String> {
    value.get(name)?.as_str().map(str::to_owned)
}

pub(super) fn texts(value: &Value, name: &str) -> Vec<String> {
    let words = array(value, name).iter().filter_map(Value::as_str);
    words.map(str::to_owned).collect()
}

pub(super) fn array<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Returns a number of milliseconds. A number that is not a time is zero.
pub(super) fn millis(value: &Value, name: &str) -> Duration {
    maybe_millis(value, name).unwrap_or_default()
}

pub(super) fn maybe_millis(value: &Value, name: &str) -> Option<Duration> {
    let seconds = value.get(name)?.as_f64()? / 1_000.0;
    // A century is long enough, and no sum of two overflows.
    Duration::try_from_secs_f64(seconds).ok().map(|time| time.min(Duration::from_secs(100 * 366 * 86_400)))
}
