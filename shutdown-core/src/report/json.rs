//! The report for a program: one JSON object in one line.

use std::fmt::Write as _;

use super::{InstanceReport, Report, Straggler};
use crate::json::{list, quoted};

impl Report {
    /// The report as one line of JSON. Times are milliseconds since the request to stop, with three decimals.
    pub fn to_json(&self) -> String {
        let stages = self.stages.iter().map(|span| {
            let (start, took) = (millis(span.start), millis(span.took));
            format!(
                "{{\"stage\":{},\"start_ms\":{start},\"took_ms\":{took}}}",
                quoted(&span.stage.to_string())
            )
        });
        let mut line = format!(
            "{{\"reason\":{},\"status\":{},\"grace_ms\":{},\"took_ms\":{},\"stages\":{},\"instances\":{},\"cut_off\":{}",
            quoted(&self.reason.to_string()),
            self.exit_status(),
            millis(self.grace),
            millis(self.took),
            list(stages),
            list(self.instances.iter().map(instance)),
            list(self.stragglers.iter().map(Straggler::to_string).map(|text| quoted(&text))),
        );
        let _ = writeln!(
            line,
            ",\"panicked_tasks\":{},\"failures\":{},\"faults\":{},\"notes\":{}}}",
            self.panicked_tasks,
            list(self.failures.iter().map(|text| quoted(text))),
            list(self.faults.iter().map(|text| quoted(text))),
            list(self.notes.iter().map(|text| quoted(text))),
        );
        line
    }
}

fn instance(instance: &InstanceReport) -> String {
    let start = instance.start.map_or_else(|| "null".to_owned(), millis);
    format!(
        "{{\"name\":{},\"managed_at\":{},\"last\":{},\"late\":{},\"start_ms\":{start},\"took_ms\":{},\"outcome\":{}}}",
        quoted(&instance.name),
        quoted(&instance.location.to_string()),
        instance.last,
        instance.late,
        millis(instance.took),
        quoted(&instance.outcome.to_string()),
    )
}

fn millis(duration: std::time::Duration) -> String {
    let micros = duration.as_micros();
    // To format a float is 20 KiB of code.
    format!("{}.{:03}", micros / 1_000, micros % 1_000)
}
