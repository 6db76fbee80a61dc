//! What has happened to each resource of one start, for its report.

use std::time::Instant;

use super::graph::Graph;
use crate::plan::Node;
use crate::report::{StartOutcome, StartReport, StartRow};

pub(super) struct Rows {
    began: Instant,
    rows: Vec<StartRow>,
}

impl Rows {
    pub(super) fn new(began: Instant, graph: &Graph) -> Rows {
        let row = |name: &'static str| StartRow {
            name: name.into(),
            start: None,
            took: std::time::Duration::ZERO,
            attempts: 0,
            outcome: StartOutcome::NotStarted,
        };
        Rows { began, rows: graph.names().map(row).collect() }
    }

    pub(super) fn begin(&mut self, now: Instant, item: Node, number: u32) {
        let row = &mut self.rows[item];
        row.attempts = number;
        row.outcome = StartOutcome::Dropped;
        row.start.get_or_insert(now.saturating_duration_since(self.began));
    }

    pub(super) fn started(&mut self, now: Instant, item: Node) {
        self.end(now, item, StartOutcome::Started);
    }

    pub(super) fn failed(&mut self, now: Instant, item: Node, error: &str) {
        self.end(now, item, StartOutcome::Failed { error: error.to_owned() });
    }

    fn end(&mut self, now: Instant, item: Node, outcome: StartOutcome) {
        let row = &mut self.rows[item];
        row.took = now.saturating_duration_since(self.began).saturating_sub(row.start.unwrap_or_default());
        row.outcome = outcome;
    }

    /// Returns the report, if something had to start.
    pub(super) fn report(&mut self, now: Instant, has_started: bool) -> Option<StartReport> {
        let took = now.saturating_duration_since(self.began);
        let mut rows = std::mem::take(&mut self.rows);
        for row in &mut rows {
            if let (StartOutcome::Dropped, Some(start)) = (&row.outcome, row.start) {
                row.took = took.saturating_sub(start);
            }
        }
        // What had started before is not a part of this start.
        rows.retain(|row| row.start.is_some() || !has_started);
        rows.sort_by(|a, b| {
            (a.start.is_none(), a.start, &a.name).cmp(&(b.start.is_none(), b.start, &b.name))
        });
        (!rows.is_empty()).then_some(StartReport { took, has_started, rows })
    }
}
