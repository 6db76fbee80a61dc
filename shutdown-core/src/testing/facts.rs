//! The facts that a running service has written to its report file so far.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::report::ServiceInstance;

/// The facts of one process, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts(Vec<Value>);

impl Facts {
    /// Reads the facts of the process `pid`. A file that does not exist yet has none.
    pub(super) fn read(path: &Path, pid: u32) -> Facts {
        let Ok(text) = std::fs::read_to_string(path) else { return Facts::default() };
        let run = format!("{pid}-");
        let facts = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        Facts(facts.filter(|fact| fact["run"].as_str().is_some_and(|own| own.starts_with(&run))).collect())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Returns whether the stop has entered this stage.
    pub(super) fn has_entered(&self, stage: &str) -> bool {
        self.0.iter().any(|fact| fact["fact"] == "entered" && fact["stage"] == stage)
    }

    /// Returns the time that the stop had when it began, or after a second signal.
    pub(super) fn time_left(&self, name: &str) -> Option<Duration> {
        self.find(name)?["left_ms"].as_u64().map(Duration::from_millis)
    }

    /// Returns the teardowns that ended before the stop. The report does not list them.
    pub(super) fn released(&self) -> Vec<ServiceInstance> {
        let before = self.0.iter().take_while(|fact| fact["fact"] != "stopping");
        let ended = before.filter(|fact| fact["fact"] == "teardown_ended");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let released = ended.map(|fact| ServiceInstance {
            name: text(&fact["name"]),
            start: None,
            took: Duration::ZERO,
            outcome: text(&fact["outcome"]),
        });
        released.collect()
    }

    fn find(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|fact| fact["fact"] == name)
    }
}
