//! A lifecycle in a runtime of the test. Most tests use a paused clock, so no test waits for the time that it
//! measures.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lifecycle::{Deferred, Lifecycle, Managed, Outcome, Report, Stage, Straggler, Teardown};

/// The names of the instances that were torn down, in order.
#[derive(Clone, Default)]
struct Trace(Arc<Mutex<Vec<&'static str>>>);

impl Trace {
    fn add(&self, what: &'static str) {
        self.0.lock().expect("the trace").push(what);
    }

    fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.lock().expect("the trace"))
    }
}

#[lifecycle::resource]
struct Database {
    trace: Trace,
    takes: Duration,
}

#[lifecycle::teardown]
impl Teardown for Database {
    async fn teardown(&self) {
        tokio::time::sleep(self.takes).await;
        self.trace.add("database");
    }
}

#[lifecycle::resource]
struct Orders {
    database: Managed<Database>,
}

#[lifecycle::teardown]
impl Teardown for Orders {
    async fn teardown(&self) {
        self.database.trace.add("orders");
    }
}

fn database(trace: &Trace) -> Database {
    Database { trace: trace.clone(), takes: Duration::ZERO }
}

fn second() -> Lifecycle {
    Lifecycle::builder().grace(Duration::from_secs(1)).build()
}

fn outcome<'a>(report: &'a Report, name: &str) -> &'a Outcome {
    let row = report.instances.iter().find(|instance| instance.name == name);
    &row.unwrap_or_else(|| panic!("no `{name}` in {report}")).outcome
}

/// R1: a field orders the teardown.
#[tokio::test(start_paused = true)]
async fn a_resource_is_torn_down_before_the_one_it_holds() {
    let trace = Trace::default();
    let report = second()
        .run(async {
            let database = lifecycle::manage(database(&trace));
            lifecycle::manage(Orders { database });
        })
        .await;
    assert_eq!(trace.take(), ["orders", "database"]);
    assert_eq!(report.exit_status(), 0, "{report}");
}

/// R1: an explicit edge orders the teardown. No type shows this edge.
#[tokio::test(start_paused = true)]
async fn an_edge_between_instances_orders_their_teardown() {
    let trace = Trace::default();
    let report = second()
        .run(async {
            let first = lifecycle::manage_as("first", database(&trace));
            let slow = Database { trace: trace.clone(), takes: Duration::from_millis(10) };
            let second = lifecycle::manage_as("second", slow);
            Deferred::new("deferred").uses(&second).run({
                let trace = trace.clone();
                || async move { trace.add("deferred") }
            });
            first.depends_on(&second);
        })
        .await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(trace.take()[2], "database");
}

/// R3.
#[tokio::test(start_paused = true)]
async fn what_no_rule_orders_runs_at_the_same_time() {
    let report = second()
        .run(async {
            for _ in 0..100 {
                lifecycle::defer("sleep", || tokio::time::sleep(Duration::from_millis(100)));
            }
        })
        .await;
    assert_eq!(report.took, Duration::from_millis(100), "{report}");
}

/// R6: two clones and the stop tear down the same instance.
#[tokio::test(start_paused = true)]
async fn an_instance_that_is_released_twice_and_stopped_is_torn_down_once() {
    let trace = Trace::default();
    let report = second()
        .run(async {
            let slow = Database { trace: trace.clone(), takes: Duration::from_millis(50) };
            let database = lifecycle::manage(slow);
            let clone = database.clone();
            lifecycle::spawn(database.release());
            lifecycle::spawn(clone.release());
            tokio::task::yield_now().await;
        })
        .await;
    assert_eq!(trace.take(), ["database"]);
    assert_eq!(report.exit_status(), 0, "{report}");
}

/// R6.
#[tokio::test(start_paused = true)]
async fn a_released_instance_leaves_the_plan() {
    let trace = Trace::default();
    let report = second()
        .run(async {
            let database = lifecycle::manage(database(&trace));
            let clone = database.clone();
            database.release().await.expect("its teardown");
            clone.release().await.expect("what is released already");
            assert_eq!(trace.take(), ["database"]);
        })
        .await;
    assert_eq!(trace.take(), [""; 0]);
    assert!(report.instances.is_empty(), "{report}");
}

/// R2: a resource that is marked `last` is torn down in the flush, after everything else.
#[tokio::test(start_paused = true)]
async fn a_resource_marked_last_is_torn_down_in_the_flush() {
    #[lifecycle::resource(last)]
    struct Telemetry(Trace);

    #[lifecycle::teardown]
    impl Teardown for Telemetry {
        async fn teardown(&self) {
            self.0.add("telemetry");
        }
    }

    let trace = Trace::default();
    let report = second()
        .run(async {
            lifecycle::manage(Telemetry(trace.clone()));
            let trace = trace.clone();
            Deferred::new("slow").order(1).run(|| async move {
                tokio::time::sleep(Duration::from_millis(50)).await;
                trace.add("slow");
            });
        })
        .await;
    assert_eq!(trace.take(), ["slow", "telemetry"]);
    assert!(report.stages.iter().any(|span| span.stage == Stage::Flush), "{report}");
    assert!(report.instances[1].last, "{report}");
}

/// R7: the error of a release names the step that failed.
#[tokio::test(start_paused = true)]
async fn a_release_that_fails_has_a_source() {
    #[lifecycle::resource]
    struct Full;

    #[lifecycle::teardown]
    impl Teardown for Full {
        async fn teardown(&self) -> Result<(), &'static str> {
            Err("no space left")
        }
    }

    let report = second()
        .run(async {
            let error = lifecycle::manage(Full).release().await.expect_err("the disk is full");
            let source = std::error::Error::source(&error).expect("the step");
            assert_eq!(source.to_string(), "teardown failed: no space left");
        })
        .await;
    assert!(report.instances.is_empty(), "{report}");
}

/// R7.
#[tokio::test(start_paused = true)]
async fn an_error_a_panic_and_a_time_out_stop_nobody_else() {
    let trace = Trace::default();
    let report = second()
        .run(async {
            lifecycle::defer("error", || async { Err::<(), _>("no space left") });
            lifecycle::defer("panic", || async {
                assert!(lifecycle::remaining().is_none(), "a bug");
            });
            Deferred::new("hang").timeout(Duration::from_millis(100)).run(std::future::pending::<()>);
            let trace = trace.clone();
            Deferred::new("behind").order(1).run(|| async move { trace.add("behind") });
        })
        .await;
    assert_eq!(trace.take(), ["behind"]);
    assert_eq!(outcome(&report, "error").to_string(), "teardown failed: no space left");
    assert_eq!(outcome(&report, "panic").to_string(), "teardown panicked: a bug");
    assert_eq!(outcome(&report, "hang"), &Outcome::TimedOut);
    assert_eq!(report.exit_status(), 70, "{report}");
}

/// R8: an instance is torn down in its place, or at once if that place has passed.
#[tokio::test(start_paused = true)]
async fn what_is_managed_during_the_stop_is_torn_down_too() {
    let trace = Trace::default();
    let report = second()
        .run(async {
            let database = lifecycle::manage(database(&trace));
            let held = database.clone();
            Deferred::new("first").uses(&database).order(0).run(|| async move {
                held.trace.add("first");
                let trace = held.trace.clone();
                lifecycle::manage(Orders { database: held });
                Deferred::new("passed").order(-1).run(|| async move { trace.add("passed") });
            });
        })
        .await;
    let ran = trace.take();
    let place = |name| ran.iter().position(|ran| *ran == name).expect(name);
    assert!(place("first") < place("orders") && place("orders") < place("database"), "{ran:?}");
    assert!(place("first") < place("passed"), "{ran:?}");
    let late: Vec<&str> = report.instances.iter().filter(|row| row.late).map(|row| &*row.name).collect();
    assert_eq!(late, ["passed"]);
    assert_eq!(report.exit_status(), 0, "{report}");
}

/// R10: a drain that never ends leaves cleanup its time.
#[tokio::test(start_paused = true)]
async fn work_that_never_ends_is_cut_off_and_named() {
    let trace = Trace::default();
    let report = second()
        .run(async {
            lifecycle::manage(database(&trace));
            lifecycle::spawn(std::future::pending::<()>());
            lifecycle::ready();
        })
        .await;
    assert_eq!(trace.take(), ["database"]);
    assert!(
        matches!(report.stragglers[..], [Straggler::Tasks { location, count: 1, .. }] if location.file().ends_with("lifecycle.rs"))
    );
    assert!(report.took < Duration::from_secs(1), "{report}");
    assert_eq!(report.exit_status(), 70, "{report}");
}

/// R11.
#[tokio::test(start_paused = true)]
async fn a_teardown_knows_how_much_time_it_has() {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    assert_eq!(lifecycle::remaining(), None);
    let report = second()
        .run(async {
            assert_eq!(lifecycle::remaining(), None);
            Deferred::new("ask").timeout(Duration::from_millis(300)).run(|| async move {
                sender.send(lifecycle::remaining()).expect("the test");
            });
        })
        .await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(receiver.await.expect("the teardown"), Some(Duration::from_millis(300)));
}

/// Work with a time-out of its own, as another crate's server has it, and how the drain treated it.
async fn drain_of_work_that_takes(less: Duration, ask_in: Stage, interrupt: bool) -> Report {
    let lifecycle =
        Lifecycle::builder().grace(Duration::from_secs(10)).lame_duck(Duration::from_secs(2)).build();
    lifecycle
        .run(async {
            lifecycle::defer("last words", || async {});
            Deferred::new("logs").last().timeout(Duration::from_secs(1)).run(|| async {});
            lifecycle::ready();
            let before = lifecycle::drain_remaining().expect("a lifecycle");
            lifecycle::spawn(async move {
                if ask_in != Stage::Running {
                    lifecycle::stopping().await;
                }
                if ask_in != Stage::LameDuck {
                    lifecycle::draining().await;
                }
                let left = match ask_in {
                    Stage::Running => before,
                    _ => lifecycle::drain_remaining().expect("a lifecycle"),
                };
                tokio::time::sleep(left - less).await;
            });
            if interrupt {
                return;
            }
            lifecycle::shutdown("test");
            lifecycle::stopping().await;
        })
        .await
}

/// R11: work that ends a moment before the end that it was told is not cut off. Work that ends later is.
#[tokio::test(start_paused = true)]
async fn the_time_until_the_end_of_the_drain_is_what_the_drain_takes() {
    let moment = Duration::from_millis(2);
    for stage in [Stage::Running, Stage::LameDuck, Stage::Drain] {
        let report = drain_of_work_that_takes(moment, stage, false).await;
        assert!(report.is_clean(), "asked in {stage}: {report}");
        let drain = report.stages.iter().find(|span| span.stage == Stage::Drain).expect("a drain");
        // 10 s less 2 s of lame duck, 100 ms, 1 s for the flush, 1 s for the cleanup and 50 ms.
        assert!(drain.took.abs_diff(Duration::from_millis(5_848)) <= moment, "asked in {stage}: {report}");
    }
    for stage in [Stage::LameDuck, Stage::Drain] {
        let late = drain_of_work_that_takes(Duration::ZERO, stage, false).await;
        assert_eq!(late.exit_status(), 70, "asked in {stage}: {late}");
    }
    // A `main` that returns skips the lame duck: the drain is longer than the answer before the stop.
    let longer = drain_of_work_that_takes(Duration::ZERO, Stage::Running, true).await;
    assert!(longer.is_clean(), "{longer}");
}

/// R11: a drain that has ended has no time left, and a place outside of a lifecycle has no drain.
#[tokio::test(start_paused = true)]
async fn a_drain_that_is_over_or_unknown_has_no_time_left() {
    assert_eq!(lifecycle::drain_remaining(), None);
    let lifecycle = second();
    assert_eq!(lifecycle.drain_remaining(), Duration::from_millis(940));
    let told = Arc::new(Mutex::new(None));
    let inside = Arc::clone(&told);
    lifecycle.defer("ask", || async move {
        *inside.lock().expect("the test") = lifecycle::drain_remaining();
    });
    // The cleanup has a tenth of grace now.
    assert_eq!(lifecycle.drain_remaining(), Duration::from_millis(840));
    assert!(lifecycle.run(async {}).await.is_clean());
    assert_eq!(*told.lock().expect("the test"), Some(Duration::ZERO));
    assert_eq!(lifecycle.drain_remaining(), Duration::ZERO);
}

/// R12: `ready()` checks the time-outs.
#[tokio::test(start_paused = true)]
async fn time_outs_that_do_not_fit_stop_the_start() {
    let report = second()
        .run_to_report(async {
            Deferred::new("long").timeout(Duration::from_secs(2)).run(|| async {});
            lifecycle::ready();
            std::future::pending::<()>().await;
        })
        .await;
    assert_eq!(report.exit_status(), 78, "{report}");
    assert!(report.reason.to_string().contains("`long` 2s"), "{report}");
    assert_eq!(outcome(&report, "long"), &Outcome::Ok);
}

/// R5: only the running program has this cycle.
#[tokio::test(start_paused = true)]
async fn a_cycle_between_instances_stops_the_start() {
    let trace = Trace::default();
    let report = second()
        .run_to_report(async {
            let a = lifecycle::manage_as("a", database(&trace));
            let b = lifecycle::manage_as("b", database(&trace));
            a.depends_on(&b);
            b.depends_on(&a);
            lifecycle::ready();
            std::future::pending::<()>().await;
        })
        .await;
    assert_eq!(report.exit_status(), 78, "{report}");
    assert!(report.reason.to_string().contains("`a` before"), "{report}");
    assert_eq!(trace.take().len(), 2);
}

/// R13: before `ready`, `main` is dropped at its next await. After `ready`, `main` is work in flight.
#[tokio::test(start_paused = true)]
async fn main_is_cut_at_once_only_before_it_is_ready() {
    for ready in [false, true] {
        let lifecycle = second();
        let report = lifecycle
            .run(async {
                if ready {
                    lifecycle.ready();
                }
                lifecycle.shutdown("test");
                tokio::time::sleep(Duration::from_millis(200)).await;
            })
            .await;
        assert_eq!(report.took.is_zero(), !ready, "{report}");
        assert_eq!(report.exit_status(), 0, "{report}");
    }
}

/// A stop that is requested before `main` starts tears down the instances that were managed before.
#[tokio::test(start_paused = true)]
async fn a_lifecycle_may_be_stopped_before_it_runs() {
    let trace = Trace::default();
    let lifecycle = second();
    lifecycle.manage(database(&trace));
    lifecycle.shutdown("test");
    let report = lifecycle.run(std::future::pending::<()>()).await;
    assert_eq!(trace.take(), ["database"]);
    assert_eq!(report.exit_status(), 0, "{report}");
}

/// R16: work in flight may start more work. The drain waits for both.
#[tokio::test(start_paused = true)]
async fn a_task_in_flight_may_spawn_another_during_the_drain() {
    let trace = Trace::default();
    let report = second()
        .run({
            let trace = trace.clone();
            async move {
                lifecycle::spawn(async move {
                    lifecycle::draining().await;
                    assert!(lifecycle::pass().is_none());
                    lifecycle::spawn(async move {
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        trace.add("second");
                    });
                });
            }
        })
        .await;
    assert_eq!(trace.take(), ["second"]);
    assert_eq!(report.took, Duration::from_millis(100), "{report}");
}

/// R17.
#[tokio::test(start_paused = true)]
async fn a_pass_comes_back_from_a_panic_an_abort_and_a_cancelled_future() {
    let report = second()
        .run(async {
            let hold = |pass: Option<lifecycle::Pass>| async move {
                let _pass = pass.expect("before the drain");
                std::future::pending::<()>().await;
            };
            let aborted = tokio::spawn(hold(lifecycle::pass()));
            let pass = lifecycle::pass();
            let panicked = tokio::spawn(async move {
                let _pass = pass;
                panic!("on purpose");
            });
            let cancelled = tokio::time::timeout(Duration::from_millis(10), hold(lifecycle::pass()));
            assert!(cancelled.await.is_err());
            aborted.abort();
            assert!(panicked.await.is_err());
        })
        .await;
    assert!(report.stragglers.is_empty(), "{report}");
    assert_eq!(report.exit_status(), 0, "{report}");
}

/// R20: the result of `main` decides, unless a worse failure happened.
#[tokio::test(start_paused = true)]
async fn the_status_follows_how_main_ends() {
    type Main = std::pin::Pin<Box<dyn Future<Output = Result<(), &'static str>>>>;
    let run = async |main: Main| second().run_to_report(main).await;
    let ok: Main = Box::pin(async { Ok(()) });
    let failed: Main = Box::pin(async { Err("no database") });
    let panicked: Main = Box::pin(async { panic!("a bug") });
    assert_eq!(run(ok).await.exit_status(), 0);
    let report = run(failed).await;
    assert_eq!(report.exit_status(), 1);
    assert!(report.to_string().contains("no database"));
    assert_eq!(run(panicked).await.exit_status(), 101);
}

/// R20: an essential task that ends before the stop is a failure. An end during the stop is not a failure.
#[tokio::test(start_paused = true)]
async fn an_essential_task_that_ends_stops_the_service() {
    let report = second()
        .run(async {
            lifecycle::spawn_essential("consumer", async {});
            lifecycle::stopping().await;
        })
        .await;
    assert_eq!(report.exit_status(), 1, "{report}");
    let report = second()
        .run(async {
            lifecycle::spawn_essential("consumer", async { lifecycle::stopping().await });
            lifecycle::shutdown("test");
            lifecycle::stopping().await;
        })
        .await;
    assert_eq!(report.exit_status(), 0, "{report}");
}

/// R20: an error that an essential task returns during the stop counts too.
#[tokio::test(start_paused = true)]
async fn an_essential_task_that_fails_during_the_stop_is_reported() {
    let report = second()
        .run(async {
            lifecycle::spawn_essential("consumer", async {
                lifecycle::stopping().await;
                Err::<(), _>("the last batch")
            });
            lifecycle::shutdown("test");
            lifecycle::stopping().await;
        })
        .await;
    assert_eq!(report.exit_status(), 70, "{report}");
    assert!(report.to_string().contains("the last batch"), "{report}");
}

/// An error with several lines does not break the report's first line. The other lines follow below.
#[tokio::test(start_paused = true)]
async fn an_error_of_many_lines_is_told_in_full_below_the_headline() {
    let report = second()
        .run(async {
            lifecycle::fail("no broker\n\nCaused by:\n    refused");
            lifecycle::stopping().await;
        })
        .await
        .to_string();
    let (headline, rest) = report.split_once('\n').unwrap();
    assert!(headline.starts_with("lifecycle: failed: no broker; stopped in "), "{report}");
    assert!(rest.contains("    Caused by:\n        refused\n"), "{report}");
}

/// The lame duck precedes the drain, and everything still works during it.
#[tokio::test(start_paused = true)]
async fn the_lame_duck_still_takes_work() {
    let lifecycle =
        Lifecycle::builder().grace(Duration::from_secs(10)).lame_duck(Duration::from_secs(2)).build();
    let report = lifecycle
        .run(async {
            lifecycle.ready();
            lifecycle.shutdown("test");
            lifecycle::stopping().await;
            assert_eq!(lifecycle.stage(), Stage::LameDuck);
            assert!(lifecycle::pass().is_some());
            lifecycle::draining().await;
            assert_eq!(lifecycle.stage(), Stage::Drain);
            assert!(lifecycle::pass().is_none());
        })
        .await;
    assert_eq!(report.took, Duration::from_secs(2), "{report}");
}

/// Several lifecycles in one process are independent. The innermost one is the current one.
#[tokio::test(start_paused = true)]
async fn a_lifecycle_inside_another_is_the_current_one() {
    let count = Arc::new(AtomicUsize::new(0));
    let deferred = |count: &Arc<AtomicUsize>| {
        let count = Arc::clone(count);
        lifecycle::defer("count", || async move {
            count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        });
    };
    let outer = second()
        .run(async {
            deferred(&count);
            let inner = second().run(async { deferred(&count) }).await;
            assert_eq!(inner.instances.len(), 1);
            assert_eq!(count.load(Ordering::Relaxed), 1);
            assert!(!lifecycle::is_stopping());
        })
        .await;
    assert_eq!(outer.instances.len(), 1);
    assert_eq!(count.load(Ordering::Relaxed), 2);
}

/// The message of bad input says how to correct it.
#[test]
#[should_panic(expected = "annotate `main` with `#[lifecycle::main]`")]
fn managing_outside_of_a_lifecycle_says_what_to_do() {
    lifecycle::manage(database(&Trace::default()));
}

/// The caller has no runtime.
#[test]
fn block_on_brings_its_own_runtime() {
    let trace = Trace::default();
    let lifecycle = second();
    let report = lifecycle
        .block_on(async {
            // A plain task of that runtime finds its lifecycle too.
            let trace = trace.clone();
            tokio::spawn(async move { drop(lifecycle::manage(database(&trace))) }).await
        })
        .expect("a runtime");
    assert_eq!(trace.take(), ["database"]);
    assert_eq!(report.exit_status(), 0, "{report}");
}
