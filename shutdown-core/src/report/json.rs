//! The report for a program: one JSON object in one line.

use std::fmt::Write as _;
use std::time::Duration;

use super::{AtNoticeReport, EdgeReport, InstanceReport, Report, StageReport};
use crate::json::{list, quoted};

impl Report {
    /// Returns the report as one line of JSON, which ends with a newline. This is what `report = "json"` writes.
    ///
    /// | field | value |
    /// |---|---|
    /// | `reason` | why the program stopped, in words |
    /// | `status` | the [exit status](Report::exit_status) |
    /// | `grace_ms`, `took_ms` | the time that was allowed, and the time that the stop took |
    /// | `stages` | an array of `stage`, `start_ms`, `took_ms` |
    /// | `instances` | an array of `name`, `managed_at`, `last`, `late`, `start_ms` (null if not run), `took_ms`, `outcome`, `at_notice` |
    /// | `at_notice` | `start_ms`, `took_ms`, `outcome` of the hook at the notice; null if there was none |
    /// | `outcome` | `ok`, `unconfirmed: ..`, each failed step in words, `timed out` or `not run` |
    /// | `cut_off` | an array of words, one for each [straggler](Report::stragglers) |
    /// | `main` | `ok`, `failed: ..`, `panicked: ..` or `cut off`; null if `main` never returned |
    /// | `panicked_tasks` | the number of tracked tasks that panicked during the stop |
    /// | `failures`, `faults`, `notes` | arrays of words |
    /// | `edges` | an array of `first`, `then`, `why`: each [edge of the plan](crate::EdgeReport), with indices of `instances` |
    ///
    /// Times are milliseconds since the request to stop, with three decimals.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let report = lifecycle::Lifecycle::builder().run(async {}).await;
    /// assert!(report.to_json().starts_with("{\"reason\":\"`main` ended\",\"status\":0,"));
    /// # }
    /// ```
    pub fn to_json(&self) -> String {
        let mut line = format!(
            "{{\"reason\":{},\"status\":{},\"grace_ms\":{},\"took_ms\":{},\"stages\":{},\"instances\":{},\"cut_off\":{}",
            words(&self.reason),
            self.exit_status(),
            millis(self.grace),
            millis(self.took),
            list(self.stages.iter().map(stage)),
            list(self.instances.iter().map(instance)),
            list(self.stragglers.iter().map(words)),
        );
        let _ = writeln!(
            line,
            ",\"main\":{},\"panicked_tasks\":{},\"failures\":{},\"faults\":{},\"notes\":{},\"edges\":{}}}",
            self.main.as_ref().map_or_else(null, words),
            self.panicked_tasks,
            list(self.failures.iter().map(words)),
            list(self.faults.iter().map(words)),
            list(self.notes.iter().map(words)),
            list(self.edges.iter().map(edge)),
        );
        line
    }
}

fn stage(stage: &StageReport) -> String {
    let (start, took) = (millis(stage.start), millis(stage.took));
    format!("{{\"stage\":{},\"start_ms\":{start},\"took_ms\":{took}}}", words(&stage.stage))
}

fn instance(instance: &InstanceReport) -> String {
    format!(
        "{{\"name\":{},\"managed_at\":{},\"last\":{},\"late\":{},\"start_ms\":{},\"took_ms\":{},\"outcome\":{},\"at_notice\":{}}}",
        words(&instance.name),
        words(instance.location),
        instance.last,
        instance.late,
        instance.start.map_or_else(null, millis),
        millis(instance.took),
        words(&instance.outcome),
        instance.at_notice.as_ref().map_or_else(null, at_notice),
    )
}

fn at_notice(hook: &AtNoticeReport) -> String {
    format!(
        "{{\"start_ms\":{},\"took_ms\":{},\"outcome\":{}}}",
        millis(hook.start),
        millis(hook.took),
        words(&hook.outcome),
    )
}

fn edge(edge: &EdgeReport) -> String {
    let rows = |rows: &[usize]| list(rows.iter().map(usize::to_string));
    format!("{{\"first\":{},\"then\":{},\"why\":{}}}", rows(&edge.first), rows(&edge.then), quoted(&edge.why))
}

fn words(value: &(impl ToString + ?Sized)) -> String {
    quoted(&value.to_string())
}

fn null() -> String {
    "null".to_owned()
}

fn millis(duration: Duration) -> String {
    let micros = duration.as_micros();
    // Integers, because formatting a float adds 20 KiB of code.
    format!("{}.{:03}", micros / 1_000, micros % 1_000)
}
