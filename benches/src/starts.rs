//! The start of many resources: the cost of each, and the distance from the critical path.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use lifecycle::__private::{Given, StartArgument, Starting};
use lifecycle::{Lifecycle, Managed, Start};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::measure::{Span, Stopwatch, median, micros, millis};
use crate::row;
use crate::table::{self, Goal};

/// The time that a start of the second table sleeps.
const SLEEP: Duration = Duration::from_millis(10);

/// One of many types without an order. It sleeps if [`SLEEPS`] says so, because a second hundred of types would double the
/// time of the compiler. A thousand types took it seven minutes in release mode.
#[lifecycle::resource(no_teardown = "memory only")]
struct Node<const N: usize>;

#[lifecycle::start]
impl<const N: usize> Start for Node<N> {
    async fn start() -> Self {
        if SLEEPS.load(Ordering::Relaxed) {
            work(0).await;
        }
        Self
    }
}

static SLEEPS: AtomicBool = AtomicBool::new(false);

type Root = fn() -> &'static Starting;

/// Returns a hundred types of a generic type.
macro_rules! hundred {
    ($of:ident) => { hundred!($of: 0 1 2 3 4 5 6 7 8 9) };
    ($of:ident: $($a:literal)*) => { [$(hundred!($of $a: 0 1 2 3 4 5 6 7 8 9)),*].as_flattened() };
    ($of:ident $a:literal: $($b:literal)*) => {
        [$(<Managed<$of<{ 10 * $a + $b }>> as StartArgument>::STARTING as Root),*]
    };
}

/// The longest measured start of each layer.
static LAYERS: [AtomicU64; 50] = [const { AtomicU64::new(0) }; 50];

async fn work(layer: usize) {
    let begun = Instant::now();
    tokio::time::sleep(SLEEP).await;
    let took = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
    LAYERS[layer].fetch_max(took, Ordering::Relaxed);
}

/// Returns the longest path, and forgets it. Each node of a layer needs every node of the layer before it.
fn critical_path() -> Duration {
    LAYERS.iter().map(|layer| Duration::from_nanos(layer.swap(0, Ordering::Relaxed))).sum()
}

/// Declares resources, each with its layer and with what it needs.
macro_rules! nodes {
    ($($layer:literal $name:ident($($need:ident)*);)*) => {
        $(
            #[lifecycle::resource(no_teardown = "memory only")]
            struct $name;

            #[lifecycle::start]
            impl Start for $name {
                async fn start($(_: Managed<$need>),*) -> $name {
                    work($layer).await;
                    $name
                }
            }
        )*
    };
}

nodes! {
    0 C0(); 1 C1(C0); 2 C2(C1); 3 C3(C2); 4 C4(C3); 5 C5(C4); 6 C6(C5); 7 C7(C6); 8 C8(C7); 9 C9(C8);
    10 C10(C9); 11 C11(C10); 12 C12(C11); 13 C13(C12); 14 C14(C13); 15 C15(C14); 16 C16(C15); 17 C17(C16);
    18 C18(C17); 19 C19(C18); 20 C20(C19); 21 C21(C20); 22 C22(C21); 23 C23(C22); 24 C24(C23); 25 C25(C24);
    26 C26(C25); 27 C27(C26); 28 C28(C27); 29 C29(C28); 30 C30(C29); 31 C31(C30); 32 C32(C31); 33 C33(C32);
    34 C34(C33); 35 C35(C34); 36 C36(C35); 37 C37(C36); 38 C38(C37); 39 C39(C38); 40 C40(C39); 41 C41(C40);
    42 C42(C41); 43 C43(C42); 44 C44(C43); 45 C45(C44); 46 C46(C45); 47 C47(C46); 48 C48(C47); 49 C49(C48);
}

nodes! {
    0 A0(); 0 B0(); 0 D0(); 0 E0(); 0 F0();
    1 A1(A0 B0 D0 E0 F0); 1 B1(A0 B0 D0 E0 F0); 1 D1(A0 B0 D0 E0 F0); 1 E1(A0 B0 D0 E0 F0); 1 F1(A0 B0 D0 E0 F0);
    2 A2(A1 B1 D1 E1 F1); 2 B2(A1 B1 D1 E1 F1); 2 D2(A1 B1 D1 E1 F1); 2 E2(A1 B1 D1 E1 F1); 2 F2(A1 B1 D1 E1 F1);
    3 A3(A2 B2 D2 E2 F2); 3 B3(A2 B2 D2 E2 F2); 3 D3(A2 B2 D2 E2 F2); 3 E3(A2 B2 D2 E2 F2); 3 F3(A2 B2 D2 E2 F2);
    4 A4(A3 B3 D3 E3 F3); 4 B4(A3 B3 D3 E3 F3); 4 D4(A3 B3 D3 E3 F3); 4 E4(A3 B3 D3 E3 F3); 4 F4(A3 B3 D3 E3 F3);
}

/// Starts the roots and everything that they need, as the arguments of `main`. Returns the time of the start.
fn ours(runtime: &Runtime, roots: &[Root], instances: usize) -> Span {
    let mut span = None;
    let main = async {
        let start = Stopwatch::start();
        let started = Given::of(roots).await;
        span = Some(start.stop());
        assert!(started.is_ok(), "a start fails");
    };
    let report = runtime.block_on(Lifecycle::builder().run(main));
    assert!(report.is_clean() && report.instances.len() == instances, "{report}");
    span.expect("`main` has run")
}

/// The floor: a task and a handle for each resource, without retries, time-outs, a plan or a registration.
fn by_hand(runtime: &Runtime, count: usize, sleep: Option<Duration>) -> Span {
    runtime.block_on(async {
        let start = Stopwatch::start();
        let mut tasks = JoinSet::new();
        for node in 0..count {
            tasks.spawn(async move {
                if let Some(sleep) = sleep {
                    tokio::time::sleep(sleep).await;
                }
                Arc::new(node)
            });
        }
        let started = tasks.join_all().await;
        let span = start.stop();
        assert_eq!(started.len(), count);
        span
    })
}

pub(crate) fn run() -> Vec<Goal> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime");
    no_ops(&runtime);
    sleepers(&runtime)
}

fn no_ops(runtime: &Runtime) {
    let roots = hundred!(Node);
    let mut rows = Vec::new();
    for count in [10, 100] {
        let each = |span: Span| micros(span.cpu) / f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        let (mut hand, mut cpu, mut wall) = (vec![], vec![], vec![]);
        for _ in 0..41 {
            let span = ours(runtime, &roots[..count], count);
            cpu.push(each(span));
            wall.push(micros(span.wall));
            hand.push(each(by_hand(runtime, count, None)));
        }
        rows.push(row![
            count,
            format!("{:.2}", median(&hand)),
            format!("{:.2}", median(&cpu)),
            format!("{:.0}", median(&wall)),
        ]);
    }
    table::print(
        "start of no-op resources: CPU each, in us, medians",
        ["resources", "by hand", "lifecycle", "wall time of all"],
        &rows,
    );
}

fn sleepers(runtime: &Runtime) -> Vec<Goal> {
    SLEEPS.store(true, Ordering::Relaxed);
    let wide = hundred!(Node);
    let chain: Root = <Managed<C49> as StartArgument>::STARTING;
    let layers: [Root; 5] = [
        <Managed<A4> as StartArgument>::STARTING,
        <Managed<B4> as StartArgument>::STARTING,
        <Managed<D4> as StartArgument>::STARTING,
        <Managed<E4> as StartArgument>::STARTING,
        <Managed<F4> as StartArgument>::STARTING,
    ];
    let cases: [(&str, &[Root], usize, usize); 4] = [
        ("10 without an order", &wide[..10], 10, 41),
        ("100 without an order", &wide[..100], 100, 41),
        ("50 in a chain", &[chain], 50, 5),
        ("5 layers of 5", &layers, 25, 21),
    ];
    let (mut rows, mut goals) = (Vec::new(), Vec::new());
    for (name, roots, instances, rounds) in cases {
        let (mut wall, mut ratio, mut hand) = (vec![], vec![], vec![]);
        for _ in 0..rounds {
            critical_path();
            let span = ours(runtime, roots, instances);
            wall.push(millis(span.wall));
            ratio.push(millis(span.wall) / millis(critical_path()));
            if roots.len() == instances {
                hand.push(millis(by_hand(runtime, instances, Some(SLEEP)).wall));
            }
        }
        let hand = if hand.is_empty() { "-".to_owned() } else { format!("{:.1}", median(&hand)) };
        rows.push(row![name, hand, format!("{:.1}", median(&wall)), format!("{:.3}", median(&ratio))]);
        goals.push(Goal::at_most(
            format!("start over critical path, {name}, 10 ms each"),
            1.05,
            median(&ratio),
            "x",
        ));
    }
    table::print(
        "start of resources of 10 ms: wall time, medians",
        ["", "by hand, ms", "lifecycle, ms", "lifecycle / critical path"],
        &rows,
    );
    goals
}
