//! The teardown of many resources: the cost of the order, and the distance from the critical path.

use std::time::Duration;

use lifecycle::{Lifecycle, Managed, Teardown};
use tokio::runtime::Runtime;

use crate::dag::{self, Dag, Shape, Times, Work};
use crate::measure::{Span, Stopwatch, median, micros, millis};
use crate::table::{self, Goal};
use crate::{peer, row};

#[lifecycle::resource]
struct Node {
    at: usize,
    work: Work,
}

#[lifecycle::teardown]
impl Teardown for Node {
    async fn teardown(&self) {
        self.work.run(self.at).await;
    }
}

/// Manages the whole graph, and tears it down. Returns the time of each step.
fn ours(runtime: &Runtime, dag: &Dag, work: &Work) -> (Span, Span) {
    let start = Stopwatch::start();
    let lifecycle = Lifecycle::builder().build();
    let manage = |at| lifecycle.manage(Node { at, work: work.clone() });
    let nodes: Vec<Managed<Node>> = (0..dag.nodes()).map(manage).collect();
    for (from, to) in dag.edges() {
        nodes[from].depends_on(&nodes[to]);
    }
    drop(nodes);
    let managed = start.stop();
    let stop = Stopwatch::start();
    let report = runtime.block_on(lifecycle.run(async {}));
    let torn_down = stop.stop();
    assert!(report.is_clean() && report.instances.len() == dag.nodes(), "{report}");
    (managed, torn_down)
}

fn by_hand(runtime: &Runtime, dag: &Dag, work: &Work) -> Span {
    let stop = Stopwatch::start();
    runtime.block_on(dag::by_hand(dag, work));
    stop.stop()
}

pub(crate) fn run() -> Vec<Goal> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let mut goals = no_ops(&runtime);
    goals.extend(sleepers(&runtime));
    goals
}

fn no_ops(runtime: &Runtime) -> Vec<Goal> {
    let (mut rows, mut goals) = (Vec::new(), Vec::new());
    for shape in [Shape::None, Shape::Chain, Shape::Random] {
        for nodes in [10, 1_000, 10_000] {
            let dag = Dag::new(shape, nodes);
            let work = Work { sleep: None, times: Times::new(nodes) };
            let each = |span: Span| micros(span.cpu) / f64::from(u32::try_from(nodes).unwrap_or(u32::MAX));
            let (mut managed, mut ours_each, mut floor, mut peer_each) = (vec![], vec![], vec![], vec![]);
            for _ in 0..if nodes < 10_000 { 41 } else { 11 } {
                let (start, stop) = ours(runtime, &dag, &work);
                managed.push(each(start));
                ours_each.push(each(stop));
                floor.push(each(by_hand(runtime, &dag, &work)));
            }
            // The peer does not support graphs, and its chains take quadratic time.
            if shape != Shape::Random && nodes <= 1_000 {
                peer_each.extend((0..5).map(|_| each(peer::tear_down(runtime, shape, nodes))));
            }
            let figure = median(&ours_each);
            let peer = match &*peer_each {
                [] => "-".to_owned(),
                some => format!("{:.2}", median(some)),
            };
            rows.push(row![
                shape,
                nodes,
                format!("{:.2}", median(&floor)),
                format!("{figure:.2}"),
                peer,
                format!("{:.2}", median(&managed)),
            ]);
            goals.push(Goal::at_most(
                format!("CPU of a no-op teardown, {shape}, {nodes}"),
                2.0,
                figure,
                "us",
            ));
        }
    }
    table::print(
        "no-op resources: CPU each, in us, medians",
        ["order", "resources", "by hand", "lifecycle", "tokio-graceful-shutdown", "to manage"],
        &rows,
    );
    goals
}

fn sleepers(runtime: &Runtime) -> Vec<Goal> {
    let cases = [
        (Shape::None, 10),
        (Shape::None, 1_000),
        (Shape::None, 10_000),
        (Shape::Chain, 10),
        (Shape::Chain, 100),
        (Shape::Random, 10),
        (Shape::Random, 1_000),
        (Shape::Random, 10_000),
    ];
    let (mut rows, mut goals) = (Vec::new(), Vec::new());
    for (shape, nodes) in cases {
        let dag = Dag::new(shape, nodes);
        let new = || Work { sleep: Some(Duration::from_millis(10)), times: Times::new(nodes) };
        let (mut bare, mut wall, mut bare_ratio, mut ratio) = (vec![], vec![], vec![], vec![]);
        for _ in 0..if shape == Shape::None && nodes <= 1_000 {
            41
        } else if shape == Shape::Chain {
            3
        } else {
            9
        } {
            let work = new();
            let (_, stop) = ours(runtime, &dag, &work);
            wall.push(millis(stop.wall));
            ratio.push(millis(stop.wall) / millis(dag.critical_path(&work.times)));
            let work = new();
            let span = by_hand(runtime, &dag, &work);
            bare.push(millis(span.wall));
            bare_ratio.push(millis(span.wall) / millis(dag.critical_path(&work.times)));
        }
        let against = median(&wall) / median(&bare);
        rows.push(row![
            shape,
            nodes,
            format!("{:.1}", median(&bare)),
            format!("{:.1}", median(&wall)),
            format!("{against:.3}"),
            format!("{:.3}", median(&bare_ratio)),
            format!("{:.3}", median(&ratio)),
        ]);
        if nodes == 1_000 {
            let what = format!("wall time over by hand, {shape}, 1000 of 10 ms");
            goals.push(Goal::at_most(what, 1.05, against, "x"));
            let what = format!("wall time over critical path, {shape}, 1000 of 10 ms");
            goals.push(Goal::at_most(what, 1.1, median(&ratio), "x"));
        }
    }
    table::print(
        "resources of 10 ms: wall time, medians",
        [
            "order",
            "resources",
            "by hand, ms",
            "lifecycle, ms",
            "ratio",
            "by hand / critical path",
            "lifecycle / critical path",
        ],
        &rows,
    );
    goals
}
