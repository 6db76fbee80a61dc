//! Whether the declared time-outs fit into grace (R12).

use std::fmt;
use std::time::Duration;

use super::usable;
use crate::plan::{DeclaredPath, Node, Plan};
use crate::stage::PerStage;

/// Checks that the declared time-outs fit into `grace`. The error names the items on the path that does not fit.
pub(crate) fn check(plan: &Plan, grace: Duration) -> Result<(), TooLong> {
    fits(plan, &plan.declared_paths(), grace)
}

/// Checks the same for paths that the caller already has.
pub(crate) fn fits(plan: &Plan, paths: &PerStage<DeclaredPath>, grace: Duration) -> Result<(), TooLong> {
    let PerStage { cleanup, flush } = paths;
    let needed = cleanup.length.saturating_add(flush.length);
    let available = usable(grace);
    if needed <= available {
        return Ok(());
    }
    let describe = |node: &Node| {
        let item = &plan.items()[*node];
        let timeout = humantime::format_duration(item.timeout.unwrap_or_default());
        format!("`{}` {timeout}", item.name)
    };
    let path: Vec<String> = cleanup.items.iter().chain(&flush.items).map(describe).collect();
    Err(TooLong { needed, available, path: path.join(", then ") })
}

/// An error: declared time-outs, one after the other, need more than grace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TooLong {
    needed: Duration,
    available: Duration,
    path: String,
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the time-outs {} need {}, but grace leaves {} for teardown: raise `grace` or lower a `timeout`",
            self.path,
            humantime::format_duration(self.needed),
            humantime::format_duration(self.available),
        )
    }
}

impl std::error::Error for TooLong {}
