//! R38: a drill finds the faults that are planted in services of our own, and holds for a service without one.

#![cfg(all(feature = "testing", not(loom)))]

use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lifecycle::testing::{Breach, Case, Fault, Ledger, Matrix, drill};
use lifecycle::{Deferred, Managed, Stage, Teardown};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);

/// Returns the one breach of a run, or panics with the matrix.
#[track_caller]
fn breach<'a>(matrix: &'a Matrix, case: &str) -> &'a Breach {
    let mut of_case = matrix.breaches().iter().filter(|breach| breach.case.to_string() == case);
    match (of_case.next(), of_case.next()) {
        (Some(breach), None) => breach,
        _ => panic!("expected one breach of `{case}`\n{matrix}"),
    }
}

/// Requires the one breach of a run: its rule, and parts of its sentence.
#[track_caller]
fn found(matrix: &Matrix, case: &str, rule: &str, parts: &[&str]) {
    let breach = breach(matrix, case);
    assert_eq!(breach.rule, rule, "{breach}");
    for part in parts {
        assert!(breach.what.contains(part), "no `{part}` in `{breach}`\n{matrix}");
    }
    // The text has each breach, and a mark in its cell.
    assert!(matrix.to_string().contains(&format!("! {breach}")), "{matrix}");
}

#[lifecycle::resource(timeout = "2s")]
struct Pool {
    connections: Arc<Semaphore>,
}

#[lifecycle::teardown]
impl Teardown for Pool {
    async fn teardown(&self) {
        self.connections.close();
    }
}

#[lifecycle::resource(timeout = "2s")]
struct Orders {
    pool: Managed<Pool>,
}

#[lifecycle::teardown]
impl Teardown for Orders {
    async fn teardown(&self) -> Result<(), String> {
        write(&self.pool.connections)
    }
}

/// Writes over a connection of the pool.
fn write(connections: &Semaphore) -> Result<(), String> {
    connections.try_acquire().map(drop).map_err(|_| "the pool is closed".to_owned())
}

fn pool() -> Pool {
    Pool { connections: Arc::new(Semaphore::new(4)) }
}

/// A service without a fault: ten instances of several kinds.
async fn healthy() {
    let pool = lifecycle::manage(pool());
    for name in ["orders", "returns", "mail", "audit"] {
        lifecycle::manage_as(name, Orders { pool: pool.clone() });
    }
    for name in ["cache", "metrics", "search"] {
        Deferred::new(name).uses(&pool).run(async || sleep(SECOND / 100).await);
    }
    Deferred::new("log").last().run(async || {});
    Deferred::new("spans").last().run(async || {});
    lifecycle::spawn(async {
        lifecycle::draining().await;
        sleep(SECOND / 100).await;
    });
    lifecycle::stopping().await;
}

#[test]
fn r38_a_service_without_a_fault_holds() {
    let matrix = drill(healthy).lame_duck(SECOND / 2).run();
    matrix.assert_holds();
    // One run without a fault, five for each of ten instances, and a second signal in each of four stages.
    assert_eq!(matrix.runs().len(), 1 + 5 * 10 + 4, "{matrix}");
    assert!(matrix.to_string().starts_with("drill: 10 instances, 55 runs, no breach\n"), "{matrix}");
}

#[test]
fn r38_each_fault_has_its_status_and_its_time() {
    let matrix = drill(healthy).faults([Fault::Error, Fault::Panic, Fault::Hang, Fault::Slow]).run();
    let of = |fault, name: &str| {
        let is_it = |case: &Case| *case.to_string() == format!("{fault} at `{name}`");
        let run = matrix.runs().iter().find(|run| is_it(&run.case)).expect("the run");
        (run.status, run.took.as_secs())
    };
    assert_eq!(of(Fault::Error, "orders"), (Some(70), 0));
    assert_eq!(of(Fault::Panic, "orders"), (Some(70), 0));
    // Its time-out is 2 s.
    assert_eq!(of(Fault::Hang, "orders"), (Some(70), 2));
    assert_eq!(of(Fault::Slow, "orders"), (Some(0), 1));
}

#[test]
fn r38_the_matrix_is_a_table() {
    let service = || async {
        lifecycle::defer("journal", async || {});
        lifecycle::stopping().await;
    };
    let matrix = drill(service).grace(10 * SECOND).faults([Fault::Error, Fault::Hang]).run();
    let expected = "\
drill: 1 instance, 6 runs, no breach

                                       error          hang
journal                                70 0s       70 9.9s

no fault                                0 0s
second signal in the lame duck       0 250ms
second signal in the drain           0 250ms
second signal in the cleanup         0 250ms
";
    assert_eq!(matrix.to_string(), expected);
}

/// Each worker blocks a thread of its own, and another thread is left for the rest.
#[test]
fn r38_a_fault_is_planted_at_each_instance_of_one_name() {
    let service = || async {
        for _ in 0..3 {
            lifecycle::defer("worker", async || {});
        }
        lifecycle::defer("other", async || {});
        lifecycle::stopping().await;
    };
    let matrix = drill(service).faults([Fault::Error, Fault::Block]).run();
    matrix.assert_holds();
    for (case, outcome) in [
        ("error at `worker`", "teardown failed: the drill planted an error"),
        ("block at `worker`", "timed out"),
    ] {
        let run = matrix.runs().iter().find(|run| run.case.to_string() == case).expect("the run");
        let rows = &run.report.as_ref().expect("a report").instances;
        let outcomes = rows.iter().filter(|row| row.name == "worker").map(|row| row.outcome.as_str());
        assert_eq!(outcomes.collect::<Vec<_>>(), [outcome; 3], "{matrix}");
    }
}

#[test]
fn r38_a_main_that_fails_without_a_fault_is_told_once() {
    let service = || async {
        lifecycle::defer("orders", async || {});
        lifecycle::stopping().await;
        Err::<(), _>("the broker is gone")
    };
    let matrix = drill(service).faults([Fault::Error, Fault::Slow]).run();
    found(&matrix, "no fault", "R20", &["the status is 1: `main` failed: \"the broker is gone\""]);
    assert_eq!(matrix.breaches().len(), 1, "{matrix}");
}

#[test]
fn r38_a_service_that_is_never_ready_is_told_once() {
    let service = || async {
        lifecycle::defer("orders", async || {});
        std::future::pending::<()>().await;
    };
    let matrix = drill(service).faults([Fault::Block, Fault::Slow]).run();
    found(&matrix, "no fault", "R13", &["was not ready in time", "`lifecycle::ready()`"]);
    assert_eq!(matrix.breaches().len(), 1, "{matrix}");
}

#[test]
fn r38_a_service_that_ends_by_itself_is_drilled_too() {
    let service = || async { lifecycle::defer("orders", async || {}) };
    let matrix = drill(service).run();
    matrix.assert_holds();
    // A stop for this reason has no lame duck.
    assert!(matrix.to_string().contains("not drilled: second signal in the lame duck: "), "{matrix}");
}

/// A stop of 4 s by its own clock would take 16 s of a test with the wall clock.
#[test]
fn r38_a_long_stop_has_no_blocked_thread() {
    let service = || async {
        lifecycle::defer("orders", async || sleep(4 * SECOND).await);
        lifecycle::stopping().await;
    };
    let matrix = drill(service).faults([Fault::Block]).run();
    matrix.assert_holds();
    assert!(matrix.to_string().contains("not drilled: block at `orders`: "), "{matrix}");
}

#[test]
fn r38_finds_a_teardown_that_waits_for_a_task_that_waits_for_the_teardown() {
    let service = || async {
        let (end, ended) = oneshot::channel::<()>();
        let worker = tokio::spawn(async { drop(ended.await) });
        lifecycle::defer("worker", async move || {
            drop(worker.await);
            drop(end);
        });
        lifecycle::stopping().await;
    };
    let matrix = drill(service).faults([Fault::Error]).run();
    found(
        &matrix,
        "no fault",
        "R7",
        &["`worker` does not end", "such as a task that waits for this teardown", "`lifecycle::draining()`"],
    );
}

/// The same with a tracked task: the drain waits for it, and the teardown begins after the drain.
#[test]
fn r38_finds_a_tracked_task_that_waits_for_a_teardown() {
    let service = || async {
        let (end, ended) = oneshot::channel::<()>();
        lifecycle::spawn(async { drop(ended.await) });
        lifecycle::defer("worker", async move || drop(end));
        lifecycle::stopping().await;
    };
    let matrix = drill(service).faults([Fault::Error]).run();
    found(&matrix, "no fault", "R7", &["1 task spawned at", "the cleanup begins after the drain"]);
}

#[test]
fn r38_finds_a_hook_without_a_bound() {
    let service = |timeout: Option<Duration>| {
        move || async move {
            let broker = Deferred::new("broker").order(1);
            let broker = timeout.map_or(broker.clone(), |timeout| broker.timeout(timeout));
            broker.run(async || {});
            Deferred::new("journal").order(2).run(async || sleep(3 * SECOND).await);
            lifecycle::stopping().await;
        }
    };
    let matrix = drill(service(None)).grace(5 * SECOND).faults([Fault::Hang]).run();
    found(&matrix, "hang at `broker`", "R7", &["`journal` had", "needs 3.0s", "give `broker` a `timeout`"]);
    assert!(matrix.to_string().contains("hang at `broker`: `journal` timed out"), "{matrix}");
    drill(service(Some(SECOND))).grace(5 * SECOND).faults([Fault::Hang]).run().assert_holds();
}

/// A service whose orders go on using the pool, with these orders.
async fn pool_and_user(of_pool: Option<i32>, of_user: Option<i32>) {
    let connections = Arc::new(Semaphore::new(4));
    let order = |name: &'static str, order: Option<i32>| match order {
        Some(order) => Deferred::new(name).order(order),
        None => Deferred::new(name),
    };
    let user = Arc::clone(&connections);
    order("pool", of_pool).run(async move || connections.close());
    order("user", of_user).run(async move || write(&user));
    lifecycle::stopping().await;
}

#[test]
fn r38_finds_a_pool_that_order_closes_under_its_user() {
    let matrix = drill(|| pool_and_user(Some(1), Some(2))).faults([Fault::Error]).run();
    found(
        &matrix,
        "no fault",
        "R7",
        &[
            "`user` fails: teardown failed: the pool is closed",
            "`order` alone tears `pool` down before it",
            "`depends_on`",
        ],
    );
    drill(|| pool_and_user(Some(2), Some(1))).faults([Fault::Slow]).run().assert_holds();
}

/// Without an order the user wins by chance, as long as it is quick.
#[test]
fn r38_finds_a_pool_that_closes_while_its_user_works() {
    let user_first = || async {
        let connections = Arc::new(Semaphore::new(4));
        let user = Arc::clone(&connections);
        lifecycle::defer("a user", async move || write(&user));
        lifecycle::defer("pool", async move || connections.close());
        lifecycle::stopping().await;
    };
    let matrix = drill(user_first).faults([Fault::Slow]).run();
    let parts = [
        "`a user` fails if it begins late: teardown failed: the pool is closed",
        "`pool` ended, and no edge orders them",
    ];
    found(&matrix, "slow at `a user`", "R7", &parts);
    assert_eq!(matrix.breaches().len(), 1, "{matrix}");
}

#[test]
fn r38_finds_a_swallowed_error() {
    let job = |is_returned: bool| {
        move || async move {
            let pool = lifecycle::manage(pool());
            let released = pool.release().await;
            if is_returned { released.map_err(|error| error.to_string()) } else { Ok(()) }
        }
    };
    let faults = [Fault::Error, Fault::Panic, Fault::Hang];
    let matrix = drill(job(false)).job().faults(faults).run();
    for fault in faults {
        let case = format!("{fault} at `Pool`");
        found(
            &matrix,
            &case,
            "R20",
            &["is swallowed: the status is 0", "releases `Pool` itself", "return the error"],
        );
    }
    drill(job(true)).job().faults(faults).run().assert_holds();
}

/// The queue of a broker, and the messages that were handled.
#[derive(Default)]
struct Broker {
    queue: Mutex<VecDeque<u64>>,
    handled: Mutex<Vec<u64>>,
}

impl Broker {
    /// Enters three messages, and forgets those of the run before.
    fn fill(&self) {
        *self.queue.lock().unwrap() = (1..=3).collect();
        self.handled.lock().unwrap().clear();
    }

    /// Returns the account of the messages: each is handled, or in the queue for the next process.
    fn ledger(&self) -> Ledger {
        let mut ledger = Ledger::new();
        ledger.sent(1..=3);
        ledger.handled(self.handled.lock().unwrap().iter().copied());
        ledger.handled(self.queue.lock().unwrap().iter().copied());
        ledger
    }
}

/// Handles messages one after the other. Each takes 2 s.
async fn consumer(broker: Arc<Broker>, acknowledges_early: bool) {
    broker.fill();
    lifecycle::defer("connection", async || {});
    lifecycle::spawn(async move {
        while !lifecycle::is_stopping() {
            let next = broker.queue.lock().unwrap().front().copied();
            let Some(message) = next else { break };
            let acknowledge = || {
                broker.queue.lock().unwrap().pop_front();
            };
            if acknowledges_early {
                acknowledge();
            }
            sleep(2 * SECOND).await;
            broker.handled.lock().unwrap().push(message);
            if !acknowledges_early {
                acknowledge();
            }
        }
    });
    lifecycle::stopping().await;
}

fn drill_of_a_consumer(acknowledges_early: bool) -> Matrix {
    let broker = Arc::new(Broker::default());
    let account = Arc::clone(&broker);
    drill(|| consumer(Arc::clone(&broker), acknowledges_early))
        .faults([Fault::Error, Fault::Hang])
        .check("no message is lost", move |_| match &account.ledger().lost()[..] {
            [] => Ok(()),
            lost => Err(format!("{lost:?} were acknowledged and not handled")),
        })
        .run()
}

#[test]
fn r38_finds_a_second_signal_that_loses_a_message() {
    let matrix = drill_of_a_consumer(true);
    let lost = ["[1] were acknowledged and not handled"];
    found(&matrix, "second signal in the drain", "no message is lost", &lost);
    found(&matrix, "second signal in the lame duck", "no message is lost", &lost);
    assert_eq!(matrix.breaches().len(), 2, "{matrix}");
    drill_of_a_consumer(false).assert_holds();
}

/// A second signal leaves 3 s of a grace of 25 s. So a teardown can tell whether it has come.
#[test]
fn r38_a_second_signal_comes_before_the_first_line_of_its_stage() {
    let left: Arc<Mutex<BTreeMap<&str, Duration>>> = Arc::default();
    let look = |name: &'static str| {
        let left = Arc::clone(&left);
        move || async move {
            let remaining = lifecycle::remaining().expect("a teardown of a stop");
            left.lock().unwrap().insert(name, remaining);
        }
    };
    let service = || {
        let (orders, log) = (look("orders"), look("log"));
        async move {
            lifecycle::defer("orders", orders);
            Deferred::new("log").last().run(log);
            lifecycle::stopping().await;
        }
    };
    let seen = Arc::clone(&left);
    let matrix = drill(service)
        .faults([])
        .check("the teardowns after the second signal have less time", move |run| {
            let stage = match run.case {
                Case::SecondSignal { stage, .. } => stage,
                _ => Stage::Exited,
            };
            let seen = std::mem::take(&mut *seen.lock().unwrap());
            let hurried = (seen["orders"] <= 3 * SECOND, seen["log"] <= 3 * SECOND);
            // What the cleanup does not use, the flush may.
            let expected = (stage <= Stage::Cleanup, stage <= Stage::Flush);
            if hurried == expected { Ok(()) } else { Err(format!("{seen:?} in {}", run.case)) }
        })
        .run();
    matrix.assert_holds();
    let cases: Vec<String> = matrix.runs().iter().map(|run| run.case.to_string()).collect();
    assert_eq!(
        cases,
        [
            "no fault",
            "second signal in the lame duck",
            "second signal in the drain",
            "second signal in the cleanup",
            "second signal in the flush",
        ]
    );
}

/// A release without a bound before the stop keeps the stop from coming.
#[test]
fn r38_finds_a_release_that_never_ends() {
    let service = || async {
        let pool = lifecycle::manage(pool());
        let detached = lifecycle::manage(Unbounded(pool));
        drop(detached.release().await);
        lifecycle::stopping().await;
    };
    let matrix = drill(service).faults([Fault::Hang]).run();
    let of_hang = matrix.breaches().iter().filter(|breach| breach.case.to_string() == "hang at `Unbounded`");
    let rules: Vec<&str> = of_hang.map(|breach| breach.rule.as_str()).collect();
    assert!(rules.contains(&"R13"), "{matrix}");
}

#[lifecycle::resource]
struct Unbounded(#[expect(dead_code, reason = "the field is the edge")] Managed<Pool>);

#[lifecycle::teardown]
impl Teardown for Unbounded {
    async fn teardown(&self) {}
}

/// R1: a handle that is released in the drain goes before the instances that use it.
#[test]
fn r38_finds_a_release_before_its_users() {
    let service = || async {
        let pool = lifecycle::manage(pool());
        lifecycle::manage(Orders { pool: pool.clone() });
        lifecycle::stopping().await;
        let closed = pool.release().await;
        assert!(closed.is_ok());
        sleep(SECOND).await;
    };
    let matrix = drill(service).faults([]).run();
    let of_clean = matrix.breaches().iter().find(|breach| breach.rule == "R1" && breach.case == Case::Clean);
    let what = &of_clean.unwrap_or_else(|| panic!("{matrix}")).what;
    assert!(what.starts_with("`Pool` began after 0s, before `Orders` had ended"), "{what}");
    assert!(what.contains("field `pool`"), "{what}");
}

#[test]
fn r38_finds_a_service_that_differs_between_runs() {
    let runs = Cell::new(0);
    let service = || {
        runs.set(runs.get() + 1);
        let is_first = runs.get() == 1;
        async move {
            if is_first {
                lifecycle::defer("cache", async || {});
            }
            lifecycle::defer("orders", async || {});
            lifecycle::stopping().await;
        }
    };
    let matrix = drill(service).faults([Fault::Error]).run();
    found(&matrix, "error at `orders`", "R6", &["0 of 1 `cache` were managed"]);
}

#[test]
fn r38_an_invalid_plan_ends_the_drill() {
    let service = || async {
        Deferred::new("orders").timeout(SECOND * 60).run(async || {});
        lifecycle::stopping().await;
    };
    let matrix = drill(service).grace(SECOND).run();
    assert_eq!(matrix.runs().len(), 1, "{matrix}");
    found(&matrix, "no fault", "R20", &["the status is 78: invalid plan: the time-outs `orders` 1m"]);
}

#[tokio::test]
#[should_panic(expected = "is called inside of a tokio runtime: call it in a plain `#[test]`")]
async fn r38_a_drill_inside_of_a_runtime_says_what_to_do() {
    drill(healthy).run().assert_holds();
}

#[test]
#[should_panic(expected = "the drill found what does not hold\ndrill: 2 instances, 6 runs, 1 breach\n")]
fn r38_a_breach_fails_the_test_with_the_matrix() {
    drill(|| pool_and_user(Some(1), Some(2))).faults([Fault::Error]).run().assert_holds();
}
