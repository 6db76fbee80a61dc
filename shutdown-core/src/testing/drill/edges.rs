//! What the plan of a run says of two instances.

use super::run::Run;
use crate::report::EdgeReport;

/// Returns the names of the instances that only `order` puts before this one.
pub(super) fn by_order_before(run: &Run, name: &str) -> Vec<String> {
    let Some(report) = &run.report else { return Vec::new() };
    let name_of = |at: &usize| report.instances.get(*at).map(|row| row.name.clone());
    let by_order = report.edges.iter().filter(|edge| edge.why.starts_with("`order"));
    let before = by_order.filter(|edge| edge.then.iter().any(|at| name_of(at).as_deref() == Some(name)));
    let mut names: Vec<String> = before.flat_map(|edge| edge.first.iter().filter_map(name_of)).collect();
    names.dedup();
    names
}

/// Returns whether one of two instances depends on the other, directly or not. `order` and `last` are not dependencies.
pub(super) fn connected(run: &Run, one: &str, other: &str) -> bool {
    let is_dependency = |edge: &EdgeReport| !edge.why.starts_with('`') || edge.why == "`depends_on`";
    leads(run, one, other, &is_dependency) || leads(run, other, one, &is_dependency)
}

/// Returns whether the plan orders two instances, for any reason.
pub(super) fn ordered(run: &Run, one: &str, other: &str) -> bool {
    leads(run, one, other, &|_| true) || leads(run, other, one, &|_| true)
}

fn leads(run: &Run, from: &str, to: &str, follows: &dyn Fn(&EdgeReport) -> bool) -> bool {
    let Some(report) = &run.report else { return false };
    let is_named = |at: usize, name: &str| report.instances.get(at).is_some_and(|row| row.name == name);
    let mut seen = vec![false; report.instances.len()];
    let mut next: Vec<usize> = (0..seen.len()).filter(|at| is_named(*at, from)).collect();
    while let Some(at) = next.pop() {
        let edges = report.edges.iter().filter(|edge| follows(edge) && edge.first.contains(&at));
        for then in edges.flat_map(|edge| &edge.then) {
            if is_named(*then, to) {
                return true;
            }
            if seen.get(*then) == Some(&false) {
                seen[*then] = true;
                next.push(*then);
            }
        }
    }
    false
}
