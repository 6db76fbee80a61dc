//! R25 to R28: what starts, in which order, and what happens to the rest if something does not.

use std::sync::Mutex;
use std::time::Duration;

use lifecycle::{
    Fact, FactKind, Lifecycle, MainOutcome, Managed, Reason, Report, Start, StartError, Teardown,
};
use tokio::time::sleep;

const MS: Duration = Duration::from_millis(1);

/// What the start of the database does.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Starts,
    /// The first attempts fail.
    FailsTimes(u32),
    Panics,
    Hangs,
    StartsAnother,
}

/// The log of one test, and what happens in it.
#[lifecycle::resource(provided, no_teardown = "memory only")]
struct World {
    fate: Fate,
    attempts: Mutex<u32>,
    log: Mutex<Vec<String>>,
}

impl World {
    fn new(fate: Fate) -> World {
        World { fate, attempts: Mutex::new(0), log: Mutex::default() }
    }

    fn add(&self, line: impl Into<String>) {
        self.log.lock().expect("the log").push(line.into());
    }

    fn log(&self) -> Vec<String> {
        self.log.lock().expect("the log").clone()
    }

    /// Numbers an attempt.
    fn attempt(&self) -> u32 {
        let mut attempts = self.attempts.lock().expect("a number");
        *attempts += 1;
        *attempts
    }
}

#[lifecycle::resource]
struct Database {
    world: Managed<World>,
}

#[lifecycle::start(timeout = "2s", retry = "10s")]
impl Start for Database {
    async fn start(world: Managed<World>) -> Result<Database, String> {
        /// Logs that the attempt was dropped.
        struct Attempt(Managed<World>);

        impl Drop for Attempt {
            fn drop(&mut self) {
                self.0.add("attempt over");
            }
        }

        let attempt = Attempt(world.clone());
        let number = world.attempt();
        sleep(100 * MS).await;
        match world.fate {
            Fate::FailsTimes(times) if number <= times => return Err("connection refused".into()),
            Fate::Panics => panic!("out of memory"),
            Fate::Hangs => std::future::pending().await,
            Fate::StartsAnother => {
                drop(lifecycle::start::<Orders>().await.map_err(|error| error.to_string())?);
            }
            Fate::Starts | Fate::FailsTimes(_) => {}
        }
        std::mem::forget(attempt);
        world.add("database started");
        Ok(Database { world })
    }
}

#[lifecycle::teardown]
impl Teardown for Database {
    async fn teardown(&self) {
        self.world.add("database closed");
    }
}

#[lifecycle::resource]
struct Broker {
    world: Managed<World>,
}

#[lifecycle::start]
impl Start for Broker {
    async fn start(world: Managed<World>) -> Broker {
        sleep(60 * MS).await;
        world.add("broker started");
        Broker { world }
    }
}

#[lifecycle::teardown]
impl Teardown for Broker {
    async fn teardown(&self) {
        self.world.add("broker closed");
    }
}

/// Holds no handle: only the arguments of its start order its teardown.
#[lifecycle::resource]
struct Orders {
    log: Box<dyn Fn(&str) + Send + Sync>,
}

#[lifecycle::start]
impl Start for Orders {
    async fn start(world: Managed<World>, _: Managed<Database>, _: Managed<Broker>) -> Self {
        world.add("orders started");
        Self { log: Box::new(move |line| world.add(line)) }
    }
}

#[lifecycle::teardown]
impl Teardown for Orders {
    async fn teardown(&self) {
        sleep(10 * MS).await;
        (self.log)("orders closed");
    }
}

/// What a test looks at.
struct Ran {
    report: Report,
    log: Vec<String>,
    result: Option<Result<(), StartError>>,
    /// The time that the start took.
    took: Duration,
}

/// Starts the orders in a world, and stops.
async fn run(fate: Fate) -> Ran {
    run_until(fate, None).await
}

async fn run_until(fate: Fate, stop_after: Option<Duration>) -> Ran {
    let kept = std::sync::Arc::new(Mutex::new(None));
    let keep = kept.clone();
    let (mut result, mut took) = (None, Duration::ZERO);
    let report = Lifecycle::builder()
        .grace(Duration::from_secs(5))
        .run(async {
            let world = lifecycle::provide(World::new(fate));
            *keep.lock().expect("the world") = Some(world);
            if let Some(after) = stop_after {
                lifecycle::spawn(async move {
                    sleep(after).await;
                    lifecycle::shutdown("the test says so");
                });
            }
            let began = tokio::time::Instant::now();
            let started = lifecycle::start::<Orders>().await;
            took = began.elapsed();
            result = Some(started.map(drop));
        })
        .await;
    let world = kept.lock().expect("the world").take().expect("it was provided");
    Ran { report, log: world.log(), result, took }
}

/// R25: what no rule orders starts concurrently, and the teardown goes the other way.
#[tokio::test(start_paused = true)]
async fn a_resource_starts_after_its_arguments_and_is_torn_down_before_them() {
    let ran = run(Fate::Starts).await;
    assert_eq!(ran.result, Some(Ok(())), "{}", ran.report);
    assert!(ran.report.is_clean() && ran.took < 110 * MS, "{:?}", ran.took);
    assert_eq!(ran.log[..3], ["broker started", "database started", "orders started"]);
    assert_eq!(ran.log[3], "orders closed");
    assert_eq!(ran.log.len(), 6, "{:?}", ran.log);
}

/// R27: a database that comes up late.
#[tokio::test(start_paused = true)]
async fn a_start_that_fails_is_tried_again() {
    let ran = run(Fate::FailsTimes(3)).await;
    assert_eq!(ran.result, Some(Ok(())), "{}", ran.report);
    assert!(ran.report.is_clean(), "{}", ran.report);
    assert_eq!(ran.log.iter().filter(|line| *line == "attempt over").count(), 3);
}

/// R26: nothing further starts, what has started is torn down, and the report says what was waiting.
#[tokio::test(start_paused = true)]
async fn a_start_that_never_works_stops_the_service() {
    for (fate, expected) in [
        (Fate::FailsTimes(u32::MAX), "connection refused"),
        (Fate::Panics, "panicked: out of memory"),
        (Fate::Hangs, "no result within 2s"),
    ] {
        let ran = run(fate).await;
        let Reason::StartFailed { name, error, attempts, took, waiting, .. } = &ran.report.reason else {
            panic!("{}", ran.report);
        };
        assert_eq!((&**name, &**error, &waiting[..]), ("Database", expected, &["Orders".into()][..]));
        assert!(*attempts > 3 && *took <= Duration::from_secs(10), "{attempts} in {took:?}");
        assert_eq!(ran.report.exit_status(), 1, "{}", ran.report);
        assert!(ran.log.contains(&"broker closed".to_owned()), "{:?}", ran.log);
        assert!(!ran.log.iter().any(|line| line.starts_with("orders") || line.starts_with("database")));
        let text = ran.report.reason.to_string();
        assert!(text.starts_with(&format!("`Database` did not start: {expected} (")), "{text}");
        assert!(text.ends_with("; waiting for it: `Orders`"), "{text}");
    }
}

/// R26: the stop drops the starts under way, and the status is 0.
#[tokio::test(start_paused = true)]
async fn a_stop_in_a_start_is_clean() {
    for after in [10, 80] {
        let ran = run_until(Fate::Starts, Some(after * MS)).await;
        assert!(ran.report.is_clean(), "{}", ran.report);
        assert_eq!(ran.result, None, "main is dropped");
        let mut expected = vec!["attempt over"];
        if after == 80 {
            expected.insert(0, "broker started");
            expected.push("broker closed");
        }
        assert_eq!(ran.log, expected);
    }
}

/// R26: the error of a start is the reason of the stop. It is not a failure of `main` as well.
#[tokio::test(start_paused = true)]
async fn main_does_not_fail_with_the_error_of_its_start() {
    for fate in [Fate::Panics, Fate::StartsAnother] {
        let main = async {
            lifecycle::provide(World::new(fate));
            lifecycle::start::<Orders>().await.map(drop)
        };
        let report = Lifecycle::builder().run(main).await;
        assert_eq!(report.main, Some(MainOutcome::Cut), "{report}");
    }
}

/// R26: `main` is in the start while another thread stops the service.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn main_does_not_fail_because_a_stop_ends_its_start() {
    for _ in 0..300 {
        let lifecycle = Lifecycle::builder().build();
        let handle = lifecycle.clone();
        let main = async {
            lifecycle::provide(World::new(Fate::Hangs));
            std::thread::spawn(move || handle.shutdown("the test says so"));
            lifecycle::start::<Orders>().await.map(drop)
        };
        let report = lifecycle.run(main).await;
        assert!(report.is_clean(), "{report}");
        assert_eq!(report.main, Some(MainOutcome::Cut), "{report}");
    }
}

/// R28: a value that nobody provides is 78, before anything has started.
#[tokio::test(start_paused = true)]
async fn a_value_that_is_not_provided_is_an_invalid_plan() {
    let other = std::sync::Arc::new(Mutex::new(None));
    let keep = other.clone();
    let report = Lifecycle::builder()
        .build()
        .run_to_report(async {
            // The task is told why. `main` is dropped, because it is not ready.
            let task = lifecycle::spawn(async move {
                *keep.lock().expect("the error") = lifecycle::start::<Orders>().await.err();
            });
            task.await.expect("no panic");
            lifecycle::start::<Orders>().await.expect("never reached");
        })
        .await;
    assert_eq!(report.exit_status(), 78, "{report}");
    assert!(report.instances.is_empty(), "{report}");
    let error = other.lock().expect("the error").take();
    let Some(StartError::Invalid { error, .. }) = error else { panic!("{error:?}") };
    assert!(error.starts_with("`World` is not provided: call `lifecycle::provide(..)`"), "{error}");
}

/// R28: a fake takes the place of a start, and what only the start would need is not needed.
#[tokio::test(start_paused = true)]
async fn a_value_that_is_provided_takes_the_place_of_a_start() {
    let report = Lifecycle::builder()
        .run(async {
            let world = lifecycle::provide(World::new(Fate::Panics));
            lifecycle::provide(Database { world: world.clone() });
            lifecycle::start::<Orders>().await.expect("no start panics");
            assert_eq!(world.log(), ["broker started", "orders started"]);
        })
        .await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.instances.len(), 4);
}

/// R29: one instance for each type, however often and from wherever it is started.
#[tokio::test(start_paused = true)]
async fn a_second_start_returns_the_same_instance() {
    let report = Lifecycle::builder()
        .run(async {
            let world = lifecycle::provide(World::new(Fate::Starts));
            let other = lifecycle::spawn(async { lifecycle::start::<Orders>().await.map(drop) });
            let database = lifecycle::start::<Database>().await.expect("it starts");
            lifecycle::start::<Orders>().await.expect("it starts");
            other.await.expect("no panic").expect("it starts");
            assert!(std::ptr::eq(&raw const *database.world, &raw const *world));
            assert_eq!(world.log().len(), 3);
        })
        .await;
    assert!(report.is_clean(), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_start_inside_of_a_start_is_refused() {
    let ran = run(Fate::StartsAnother).await;
    let text = ran.report.reason.to_string();
    assert!(
        text.contains("inside of the start of a resource: write the other resource as an argument"),
        "{text}"
    );
}

/// R27: one fact for each change, not for each attempt.
#[tokio::test(start_paused = true)]
async fn observers_are_told_of_each_start_and_of_each_change() {
    let told = std::sync::Arc::new(Mutex::new(Vec::new()));
    let list = told.clone();
    let observer = move |fact: &Fact| {
        let line = match &fact.kind {
            FactKind::StartBegan { name, .. } => format!("{name} begins"),
            FactKind::StartWaits { name, error, .. } => format!("{name} waits: {error}"),
            FactKind::StartEnded { name, attempts, .. } => format!("{name}: {attempts}"),
            _ => return,
        };
        list.lock().expect("the list").push(line);
    };
    let report = Lifecycle::builder()
        .observer("test", observer)
        .run(async {
            lifecycle::provide(World::new(Fate::FailsTimes(4)));
            lifecycle::start::<Database>().await.expect("it starts");
        })
        .await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(
        *told.lock().expect("the list"),
        ["Database begins", "Database waits: connection refused", "Database: 5"]
    );
}

/// A resource that is dropped: its value says so.
#[lifecycle::resource]
struct Pool {
    world: Managed<World>,
}

#[lifecycle::start]
impl Start for Pool {
    async fn start(world: Managed<World>) -> Pool {
        sleep(100 * MS).await;
        world.add("pool started");
        Pool { world }
    }
}

#[lifecycle::teardown]
impl Teardown for Pool {
    async fn teardown(&self) {
        self.world.add("pool closed");
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.world.add("pool dropped");
    }
}

/// A lifecycle keeps no value: it is dropped after its teardown, as one of `manage` is.
#[tokio::test(start_paused = true)]
async fn a_value_that_has_started_is_dropped_after_its_teardown() {
    let lifecycle = Lifecycle::builder().build();
    let mut world = None;
    let report = lifecycle
        .run(async {
            world = Some(lifecycle::provide(World::new(Fate::Starts)));
            drop(lifecycle::start::<Pool>().await.expect("it starts"));
        })
        .await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(world.expect("it was provided").log(), ["pool started", "pool closed", "pool dropped"]);
    drop(lifecycle);
}

/// A released instance is over, so that the next start makes another one.
#[tokio::test(start_paused = true)]
async fn a_resource_that_was_released_starts_again() {
    let report = Lifecycle::builder()
        .run(async {
            let world = lifecycle::provide(World::new(Fate::Starts));
            let first = lifecycle::start::<Pool>().await.expect("it starts");
            first.clone().release().await.expect("it is closed");
            let second = lifecycle::start::<Pool>().await.expect("it starts");
            assert!(!std::ptr::eq(&raw const *first, &raw const *second));
            assert_eq!(world.log(), ["pool started", "pool closed", "pool started"]);
        })
        .await;
    assert!(report.is_clean(), "{report}");
}

/// R6: at whichever instant the future of a start is dropped, what was made is torn down once, and a later start goes on.
#[tokio::test(start_paused = true)]
async fn a_start_whose_future_is_dropped_leaves_nothing() {
    for after in 0..=102 {
        let mut world = None;
        let report = Lifecycle::builder()
            .run(async {
                world = Some(lifecycle::provide(World::new(Fate::Starts)));
                let start = lifecycle::start::<Pool>();
                let dropped = tokio::time::timeout(after * MS, start).await;
                drop(lifecycle::start::<Pool>().await.expect("it starts"));
                drop(dropped);
                // The stop would tear down what is left over. Before it, one instance is there.
                sleep(MS).await;
                let log = world.as_ref().expect("it was provided").log();
                let count = |what: &str| log.iter().filter(|line| *line == what).count();
                assert_eq!(count("pool started") - count("pool closed"), 1, "after {after} ms: {log:?}");
            })
            .await;
        assert!(report.is_clean(), "{report}");
        let log = world.expect("it was provided").log();
        let count = |what: &str| log.iter().filter(|line| *line == what).count();
        assert_eq!(count("pool started"), count("pool closed"), "after {after} ms: {log:?}");
        assert_eq!(count("pool started"), count("pool dropped"), "after {after} ms: {log:?}");
    }
}

/// A start that nobody polls any more holds up no other one.
#[tokio::test(start_paused = true)]
async fn a_start_that_is_not_polled_goes_on() {
    let report = Lifecycle::builder()
        .run(async {
            lifecycle::provide(World::new(Fate::Starts));
            let mut first = std::pin::pin!(lifecycle::start::<Pool>());
            assert!(futures_util::poll!(&mut first).is_pending());
            drop(lifecycle::start::<Broker>().await.expect("it starts"));
            drop(first.await.expect("it starts"));
        })
        .await;
    assert!(report.is_clean(), "{report}");
}

/// R26: a start in a stop starts nothing.
#[tokio::test(start_paused = true)]
async fn nothing_starts_in_a_stop() {
    let mut world = None;
    let (told, facts) = std::sync::mpsc::channel();
    let report = Lifecycle::builder()
        .observer("starts", move |fact: &Fact| {
            if matches!(fact.kind, FactKind::StartBegan { .. }) {
                let _ = told.send(());
            }
        })
        .run(async {
            world = Some(lifecycle::provide(World::new(Fate::Starts)));
            lifecycle::ready();
            lifecycle::shutdown("the test says so");
            let result = lifecycle::start::<Pool>().await.map(drop);
            assert_eq!(result, Err(StartError::Stopping));
        })
        .await;
    assert!(report.is_clean(), "{report}");
    assert!(world.expect("it was provided").log().is_empty());
    // The observer is dropped with the lifecycle, so the channel ends.
    assert_eq!(facts.iter().count(), 0);
}

/// A start may spawn a task that starts something later. Only the start itself may not.
#[tokio::test(start_paused = true)]
async fn a_task_of_a_start_may_start_something_after_it() {
    #[lifecycle::resource(no_teardown = "memory only")]
    struct Spawner;

    #[lifecycle::start]
    impl Start for Spawner {
        async fn start(_: Managed<World>) -> Spawner {
            drop(lifecycle::spawn(lifecycle::start::<Pool>()));
            sleep(10 * MS).await;
            Spawner
        }
    }

    let report = Lifecycle::builder()
        .run(async {
            let world = lifecycle::provide(World::new(Fate::Starts));
            drop(lifecycle::start::<Spawner>().await.expect("it starts"));
            assert!(world.log().is_empty());
            sleep(150 * MS).await;
            assert_eq!(world.log(), ["pool started"]);
        })
        .await;
    assert!(report.is_clean(), "{report}");
}

/// A lifecycle by hand can start before it runs. The start of one lifecycle may use another one.
#[tokio::test(start_paused = true)]
async fn a_lifecycle_by_hand_starts_before_it_runs() {
    let (outer, inner) = (Lifecycle::builder().build(), Lifecycle::builder().build());
    let world = outer.provide(World::new(Fate::Starts));
    let pool = outer.start::<Pool>().await.expect("it starts");
    drop(pool);
    let other = inner.provide(World::new(Fate::Starts));
    drop(inner.start::<Pool>().await.expect("it starts"));
    assert!(outer.run(async {}).await.is_clean());
    assert_eq!(world.log(), ["pool started", "pool closed", "pool dropped"]);
    assert_eq!(other.log(), ["pool started"]);
    assert!(inner.run(async {}).await.is_clean());
    assert_eq!(other.log(), ["pool started", "pool closed", "pool dropped"]);
}

/// A generic resource, through which the compiler follows no cycle.
#[lifecycle::resource(no_teardown = "memory only")]
struct Around<T: Send + Sync + 'static>(std::marker::PhantomData<T>);

#[lifecycle::start]
impl<T: lifecycle::Startable> Start for Around<T> {
    async fn start(_: Managed<T>) -> Self {
        Self(std::marker::PhantomData)
    }
}

#[lifecycle::resource(no_teardown = "memory only")]
struct Inside;

#[lifecycle::start]
impl Start for Inside {
    async fn start(_: Managed<Around<Inside>>) -> Self {
        Self
    }
}

/// R28: a cycle that only the linked program shows is 78, before anything has started.
#[tokio::test(start_paused = true)]
async fn a_cycle_through_a_generic_resource_is_an_invalid_plan() {
    let report = Lifecycle::builder()
        .build()
        .run_to_report(async { lifecycle::start::<Inside>().await.map(drop) })
        .await;
    assert_eq!(report.exit_status(), 78, "{report}");
    let reason = report.reason.to_string();
    assert!(reason.contains("dependency cycle") && reason.contains("argument of `start`"), "{reason}");
}
