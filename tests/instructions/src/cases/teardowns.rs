//! Instances with a teardown that does nothing.

use std::hint::black_box;

use lifecycle::{Lifecycle, Managed, Teardown};

#[lifecycle::resource]
struct Node {
    at: u64,
}

#[lifecycle::teardown]
impl Teardown for Node {
    async fn teardown(&self) {
        black_box(self.at);
    }
}

/// Manages the instances. The process ends without a stop.
pub(super) fn manage(times: u64) {
    std::mem::forget(managed(times));
}

/// Manages the instances, each of which depends on the next.
pub(super) fn manage_chain(times: u64) {
    std::mem::forget(chained(times));
}

/// Manages the instances, and tears them down.
pub(super) fn tear_down(times: u64) {
    stop(managed(times), times);
}

/// Manages the instances, and tears them down one after the other.
pub(super) fn tear_down_chain(times: u64) {
    stop(chained(times), times);
}

fn managed(times: u64) -> Lifecycle {
    nodes(times).0
}

fn chained(times: u64) -> Lifecycle {
    let (lifecycle, nodes) = nodes(times);
    for pair in nodes.windows(2) {
        pair[0].depends_on(&pair[1]);
    }
    lifecycle
}

fn nodes(times: u64) -> (Lifecycle, Vec<Managed<Node>>) {
    let lifecycle = Lifecycle::builder().build();
    let nodes = (0..times).map(|at| lifecycle.manage(Node { at })).collect();
    (lifecycle, nodes)
}

fn stop(lifecycle: Lifecycle, times: u64) {
    let report = super::runtime().block_on(lifecycle.run(async {}));
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.instances.len() as u64, times);
}
