//! The order of teardowns, and a plain tokio program that follows it by hand.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// No node waits for another.
    None,
    /// Each node waits for the node before it.
    Chain,
    /// Each node waits for up to three earlier nodes, chosen at random.
    Random,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Shape::None => "none",
            Shape::Chain => "chain",
            Shape::Random => "random",
        })
    }
}

/// The successors of each node. A successor has a greater index than its node.
#[derive(Clone)]
pub(crate) struct Dag(Arc<Vec<Vec<usize>>>);

impl Dag {
    pub(crate) fn new(shape: Shape, nodes: usize) -> Dag {
        let mut successors = vec![Vec::new(); nodes];
        // The constant seed gives the same graph to the two programs that are compared.
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        let mut below = |limit: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            usize::try_from(seed % u64::try_from(limit).expect("a count fits")).expect("below a count")
        };
        for node in 1..nodes {
            let mut before: Vec<usize> = match shape {
                Shape::None => Vec::new(),
                Shape::Chain => vec![node - 1],
                Shape::Random => (0..below(4)).map(|_| below(node)).collect(),
            };
            before.sort_unstable();
            before.dedup();
            for earlier in before {
                successors[earlier].push(node);
            }
        }
        Dag(Arc::new(successors))
    }

    pub(crate) fn nodes(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn edges(&self) -> impl Iterator<Item = (usize, usize)> {
        let rows = self.0.iter().enumerate();
        rows.flat_map(|(from, row)| row.iter().map(move |to| (from, *to)))
    }

    /// Returns the longest path, in which each node counts with its measured time.
    pub(crate) fn critical_path(&self, times: &Times) -> Duration {
        let mut behind = vec![Duration::ZERO; self.nodes()];
        for node in (0..self.nodes()).rev() {
            let longest = self.0[node].iter().map(|next| behind[*next]).max();
            behind[node] = times.get(node) + longest.unwrap_or_default();
        }
        behind.into_iter().max().unwrap_or_default()
    }
}

/// The measured time of each hook.
#[derive(Clone)]
pub(crate) struct Times(Arc<[AtomicU64]>);

impl Times {
    pub(crate) fn new(nodes: usize) -> Times {
        Times((0..nodes).map(|_| AtomicU64::new(0)).collect())
    }

    fn get(&self, node: usize) -> Duration {
        Duration::from_nanos(self.0[node].load(Ordering::Relaxed))
    }
}

/// The work of a teardown: nothing, or a sleep.
#[derive(Clone)]
pub(crate) struct Work {
    pub(crate) sleep: Option<Duration>,
    pub(crate) times: Times,
}

impl Work {
    pub(crate) async fn run(&self, node: usize) {
        let Some(sleep) = self.sleep else { return };
        let begun = Instant::now();
        tokio::time::sleep(sleep).await;
        let took = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.times.0[node].store(took, Ordering::Relaxed);
    }
}

/// Runs the lower bound for the cost: a task for each node, which its last predecessor starts. It has no
/// limits and no report, and does not catch panics.
pub(crate) async fn by_hand(dag: &Dag, work: &Work) {
    let open: Vec<AtomicU32> = (0..dag.nodes()).map(|_| AtomicU32::new(0)).collect();
    for (_, to) in dag.edges() {
        open[to].fetch_add(1, Ordering::Relaxed);
    }
    let first: Vec<usize> =
        (0..dag.nodes()).filter(|node| open[*node].load(Ordering::Relaxed) == 0).collect();
    let run = Arc::new(Run {
        dag: dag.clone(),
        work: work.clone(),
        open,
        left: AtomicUsize::new(dag.nodes()),
        done: Notify::new(),
    });
    for node in first {
        start(Arc::clone(&run), node);
    }
    run.done.notified().await;
}

struct Run {
    dag: Dag,
    work: Work,
    open: Vec<AtomicU32>,
    left: AtomicUsize,
    done: Notify,
}

fn start(run: Arc<Run>, node: usize) {
    tokio::spawn(async move {
        run.work.run(node).await;
        for next in &run.dag.0[node] {
            if run.open[*next].fetch_sub(1, Ordering::AcqRel) == 1 {
                start(Arc::clone(&run), *next);
            }
        }
        if run.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            run.done.notify_one();
        }
    });
}
