//! R31: the hooks that run at the notice, in a running lifecycle.
#![cfg(not(loom))]

use std::convert::Infallible;
use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lifecycle::{Fact, FactKind, Lifecycle, Managed, Outcome, Report, Stage};
use tokio::time::sleep;

const MS: Duration = Duration::from_millis(1);
const GRACE: Duration = Duration::from_secs(10);
const LAME_DUCK: Duration = Duration::from_secs(2);

/// What happens, in order.
#[derive(Clone, Debug, Default)]
struct Steps(Arc<Mutex<Vec<&'static str>>>);

impl Steps {
    fn add(&self, step: &'static str) {
        self.0.lock().expect("the steps").push(step);
    }

    fn all(&self) -> Vec<&'static str> {
        self.0.lock().expect("the steps").clone()
    }
}

/// Tells its drop.
struct Dropped(Steps);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.add("hook dropped");
    }
}

#[derive(Clone, Copy, Debug)]
enum Does {
    Well(Duration),
    Fails,
    Panics,
    Hangs,
    CannotConfirm,
}

#[lifecycle::resource(at_notice = deregister)]
struct Registration {
    does: Does,
    steps: Steps,
}

impl Registration {
    async fn deregister(&self) -> Result<(), &'static str> {
        self.steps.add("hook");
        match self.does {
            Does::Well(takes) => sleep(takes).await,
            Does::Fails => return Err("refused"),
            Does::Panics => panic!("on purpose"),
            Does::Hangs => {
                let _dropped = Dropped(self.steps.clone());
                pending::<Infallible>().await;
            }
            Does::CannotConfirm => lifecycle::unconfirmed("nobody answers"),
        }
        self.steps.add("hook over");
        Ok(())
    }
}

#[lifecycle::teardown]
impl lifecycle::Teardown for Registration {
    async fn teardown(&self) {
        self.steps.add("teardown");
    }
}

/// Runs a service with one registration until it is asked to stop.
async fn stopped(does: Does, lame_duck: Duration) -> (Report, Vec<&'static str>) {
    let steps = Steps::default();
    let inside = steps.clone();
    let report = Lifecycle::builder()
        .grace(GRACE)
        .lame_duck(lame_duck)
        .run(async move {
            let registration = lifecycle::manage(Registration { does, steps: inside });
            lifecycle::ready();
            lifecycle::shutdown("the test is over");
            lifecycle::draining().await;
            registration.steps.add("drain");
        })
        .await;
    (report, steps.all())
}

#[track_caller]
fn took(report: &Report, stage: Stage) -> Duration {
    let mut stages = report.stages.iter().filter(|span| span.stage == stage);
    stages.next().expect("the stop has this stage").took
}

#[track_caller]
fn hook(report: &Report) -> &lifecycle::AtNoticeReport {
    report.instances[0].at_notice.as_ref().expect("the hook has begun")
}

#[tokio::test(start_paused = true)]
async fn r31_the_lame_duck_counts_from_the_end_of_the_hook() {
    let (report, steps) = stopped(Does::Well(700 * MS), LAME_DUCK).await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(steps, ["hook", "hook over", "drain", "teardown"]);
    let lame_duck = took(&report, Stage::LameDuck);
    assert!((2_700 * MS..2_710 * MS).contains(&lame_duck), "{lame_duck:?}");
    assert!((700 * MS..710 * MS).contains(&hook(&report).took), "{:?}", hook(&report));
}

#[tokio::test(start_paused = true)]
async fn r31_a_failure_and_a_panic_are_named_and_hold_up_nothing() {
    for (does, words) in
        [(Does::Fails, "deregister failed: refused"), (Does::Panics, "deregister panicked: on purpose")]
    {
        let (report, _) = stopped(does, LAME_DUCK).await;
        assert_eq!(report.exit_status(), 70);
        assert!(took(&report, Stage::LameDuck) < LAME_DUCK + 10 * MS, "{report}");
        assert_eq!(hook(&report).outcome.to_string(), words);
        assert_eq!(report.instances[0].outcome, Outcome::Ok);
        let text = report.to_string();
        let row = text.lines().find(|line| line.contains("Registration at notice")).expect("a row");
        assert!(row.contains(words) && row.contains("at_notice.rs"), "{row}");
    }
}

/// R6, R7: the teardown follows the drop of the hook.
#[tokio::test(start_paused = true)]
async fn r31_a_hook_that_hangs_is_dropped_before_the_teardown() {
    for lame_duck in [Duration::ZERO, LAME_DUCK] {
        let (report, steps) = stopped(Does::Hangs, lame_duck).await;
        assert_eq!(steps, ["hook", "hook dropped", "drain", "teardown"]);
        assert_eq!((report.exit_status(), &hook(&report).outcome), (70, &Outcome::TimedOut));
        let length = took(&report, Stage::LameDuck);
        assert!((lame_duck + 2_000 * MS..lame_duck + 2_010 * MS).contains(&length), "{length:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn r22_a_hook_that_cannot_confirm_is_no_fault() {
    let (report, _) = stopped(Does::CannotConfirm, LAME_DUCK).await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(hook(&report).outcome.to_string(), "unconfirmed: nobody answers (deregister)");
}

/// A `main` that has ended serves nobody, so that no lame duck is needed. The hook is run all the same.
#[tokio::test(start_paused = true)]
async fn r31_the_hook_runs_after_the_end_of_main_too() {
    for error in [None, Some("no broker")] {
        let steps = Steps::default();
        let inside = steps.clone();
        let report = Lifecycle::builder()
            .grace(GRACE)
            .lame_duck(LAME_DUCK)
            .run(async move {
                lifecycle::manage(Registration { does: Does::Well(700 * MS), steps: inside });
                error.map_or(Ok(()), Err)
            })
            .await;
        assert_eq!(report.exit_status(), u8::from(error.is_some()));
        assert_eq!(steps.all(), ["hook", "hook over", "teardown"]);
    }
}

#[tokio::test(start_paused = true)]
async fn r31_a_release_during_the_hook_follows_it() {
    let steps = Steps::default();
    let inside = steps.clone();
    let report = Lifecycle::builder()
        .grace(GRACE)
        .lame_duck(LAME_DUCK)
        .run(async move {
            let does = Does::Well(700 * MS);
            let registration = lifecycle::manage(Registration { does, steps: inside.clone() });
            lifecycle::ready();
            lifecycle::shutdown("the test is over");
            sleep(100 * MS).await;
            registration.release().await.expect("it is torn down");
            inside.add("released");
            lifecycle::draining().await;
        })
        .await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(steps.all(), ["hook", "hook over", "teardown", "released"]);
}

/// R11: a hook can ask for its time.
#[tokio::test(start_paused = true)]
async fn r11_a_hook_knows_how_much_time_it_has() {
    #[lifecycle::resource(no_teardown = "memory only", at_notice = look)]
    struct Looks {
        #[teardown(skip = "the test drops it")]
        seen: mpsc::Sender<Option<Duration>>,
    }

    impl Looks {
        fn look(&self) {
            let _ = self.seen.send(lifecycle::remaining());
        }
    }

    let (seen, told) = mpsc::channel();
    let main = async move {
        lifecycle::manage(Looks { seen });
        lifecycle::ready();
        lifecycle::shutdown("the test is over");
    };
    drop(Lifecycle::builder().grace(GRACE).run(main).await);
    let left = told.recv().expect("it has looked").expect("it has a limit");
    assert!((1_990 * MS..=2_000 * MS).contains(&left), "{left:?}");
}

/// The instance is dropped with its teardown, also if its hook never ran.
#[tokio::test(start_paused = true)]
async fn r31_a_hook_that_never_ran_does_not_keep_its_instance() {
    static ALIVE: AtomicUsize = AtomicUsize::new(0);

    #[lifecycle::resource(no_teardown = "memory only", at_notice = leave)]
    struct Counted;

    impl Counted {
        fn leave(&self) {
            let Counted = self;
        }
    }

    impl Drop for Counted {
        fn drop(&mut self) {
            ALIVE.fetch_sub(1, Ordering::SeqCst);
        }
    }

    let main = async {
        ALIVE.fetch_add(1, Ordering::SeqCst);
        let counted: Managed<Counted> = lifecycle::manage(Counted);
        counted.release().await.expect("it is torn down");
        assert_eq!(ALIVE.load(Ordering::SeqCst), 0, "the hook keeps it");
    };
    assert!(Lifecycle::builder().grace(GRACE).run(main).await.is_clean());
}

/// R34: the facts, in order.
#[tokio::test(start_paused = true)]
async fn r34_observers_hear_of_the_hooks() {
    let (sender, facts) = mpsc::channel();
    let observe = move |fact: &Fact| match &fact.kind {
        FactKind::Stopping { .. } => drop(sender.send("stopping".to_owned())),
        FactKind::AtNoticeBegan { name, .. } => drop(sender.send(format!("{name} began"))),
        FactKind::AtNoticeEnded { name, outcome, .. } => {
            drop(sender.send(format!("{name} ended: {outcome}")));
        }
        FactKind::Entered { stage: Stage::Drain, .. } => drop(sender.send("drain".to_owned())),
        _ => {}
    };
    let main = async {
        lifecycle::manage(Registration { does: Does::Fails, steps: Steps::default() });
        lifecycle::ready();
        lifecycle::shutdown("the test is over");
        lifecycle::draining().await;
    };
    drop(Lifecycle::builder().grace(GRACE).observer("facts", observe).run(main).await);
    let told: Vec<String> = facts.iter().take(4).collect();
    assert_eq!(
        told,
        ["stopping", "Registration began", "Registration ended: deregister failed: refused", "drain"]
    );
}

/// A hook that blocks its thread cannot be dropped. The stop goes on without it.
#[test]
fn r31_a_hook_that_blocks_its_thread_holds_up_nothing() {
    #[lifecycle::resource(at_notice = block)]
    struct Blocks {
        end: Mutex<mpsc::Receiver<()>>,
        steps: Steps,
    }

    impl Blocks {
        fn block(&self) {
            self.steps.add("hook");
            let _ = self.end.lock().expect("one hook").recv();
            self.steps.add("hook over");
        }
    }

    #[lifecycle::teardown]
    impl lifecycle::Teardown for Blocks {
        async fn teardown(&self) {
            self.steps.add("teardown");
        }
    }

    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(3).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let (release, end) = mpsc::channel();
    let steps = Steps::default();
    let inside = steps.clone();
    let report = runtime.block_on(Lifecycle::builder().grace(Duration::from_secs(5)).run(async {
        lifecycle::manage(Blocks { end: Mutex::new(end), steps: inside });
        lifecycle::ready();
        lifecycle::shutdown("the test is over");
        lifecycle::draining().await;
    }));
    assert_eq!(steps.all(), ["hook", "teardown"]);
    drop(release);
    assert_eq!((report.exit_status(), &hook(&report).outcome), (70, &Outcome::TimedOut));
    assert_eq!(report.instances[0].outcome, Outcome::Ok);
}
