//! R6, R25, R26: random faults at random instants of a start, on the paused clock. Everything that was made is torn down once.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use lifecycle::{Lifecycle, Managed, Reason, Report, Start, StartError, Teardown};
use proptest::prelude::*;
use tokio::time::{Instant, sleep};

const MS: Duration = Duration::from_millis(1);
const GRACE: Duration = Duration::from_secs(5);

/// What the attempts of one resource do.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Starts {
        takes: u64,
    },
    /// Comes back at a later attempt.
    FailsTimes {
        times: u32,
        takes: u64,
    },
    Panics,
    Hangs,
}

/// What happens to the whole start from outside.
#[derive(Clone, Copy, Debug)]
enum Outside {
    Nothing,
    StopAfter(u64),
    /// The future of the start is dropped, and another call follows.
    DropAfter(u64),
}

#[derive(Debug, Default)]
struct Log(Mutex<Vec<(&'static str, &'static str)>>);

impl Log {
    fn add(&self, name: &'static str, what: &'static str) {
        self.0.lock().expect("the log").push((name, what));
    }

    fn all(&self) -> Vec<(&'static str, &'static str)> {
        self.0.lock().expect("the log").clone()
    }
}

#[lifecycle::resource(provided, no_teardown = "memory only")]
struct Script {
    log: Arc<Log>,
    fates: [Fate; 5],
    attempts: Mutex<[u32; 5]>,
}

impl Script {
    async fn attempt(&self, index: usize, name: &'static str) -> Result<(), String> {
        let number = {
            let mut attempts = self.attempts.lock().expect("the numbers");
            attempts[index] += 1;
            attempts[index]
        };
        self.log.add(name, "begins");
        match self.fates[index] {
            Fate::Starts { takes } => sleep(u32::try_from(takes).expect("short") * MS).await,
            Fate::FailsTimes { times, takes } => {
                sleep(u32::try_from(takes).expect("short") * MS).await;
                if number <= times {
                    return Err("refused".to_owned());
                }
            }
            Fate::Panics => panic!("by the script"),
            Fate::Hangs => std::future::pending().await,
        }
        self.log.add(name, "made");
        Ok(())
    }
}

/// The resources: `Base` <- `Left`, `Right` <- `Top`, and `Side` alone.
macro_rules! resources {
    ($($index:literal $name:ident ($($need:ident)*)),* $(,)?) => {$(
        #[lifecycle::resource]
        struct $name {
            script: Managed<Script>,
        }

        #[lifecycle::start(timeout = "300ms", retry = "2s")]
        impl Start for $name {
            #[allow(non_snake_case, reason = "the argument has the name of its type")]
            async fn start(script: Managed<Script>, $($need: Managed<$need>),*) -> Result<$name, String> {
                $(let _ = &$need;)*
                script.attempt($index, stringify!($name)).await?;
                Ok($name { script })
            }
        }

        #[lifecycle::teardown]
        impl Teardown for $name {
            async fn teardown(&self) {
                self.script.log.add(stringify!($name), "closes");
                sleep(20 * MS).await;
                self.script.log.add(stringify!($name), "closed");
            }
        }

        impl Drop for $name {
            fn drop(&mut self) {
                self.script.log.add(stringify!($name), "dropped");
            }
        }
    )*};
}

resources!(0 Base (), 1 Left (Base), 2 Right (Base), 3 Top (Left Right), 4 Side ());

#[lifecycle::resource(no_teardown = "memory only")]
struct All;

#[lifecycle::start]
impl Start for All {
    async fn start(_: Managed<Top>, _: Managed<Side>) -> All {
        All
    }
}

const NEEDS: [(&str, &str); 4] = [("Left", "Base"), ("Right", "Base"), ("Top", "Left"), ("Top", "Right")];

struct Ran {
    report: Report,
    log: Vec<(&'static str, &'static str)>,
    result: Option<Result<(), StartError>>,
    took: Duration,
}

async fn run(fates: [Fate; 5], outside: Outside) -> Ran {
    let log = Arc::new(Log::default());
    let (mut result, mut took) = (None, Duration::ZERO);
    let report = Lifecycle::builder()
        .grace(GRACE)
        .run(async {
            lifecycle::provide(Script { log: log.clone(), fates, attempts: Mutex::default() });
            let millis = |after: u64| u32::try_from(after).expect("short") * MS;
            if let Outside::StopAfter(after) = outside {
                drop(lifecycle::spawn(async move {
                    sleep(millis(after)).await;
                    lifecycle::shutdown("the test says so");
                }));
            }
            if let Outside::DropAfter(after) = outside {
                drop(tokio::time::timeout(millis(after), lifecycle::start::<All>()).await);
            }
            let began = Instant::now();
            let started = lifecycle::start::<All>().await;
            took = began.elapsed();
            result = Some(started.map(drop));
        })
        .await;
    Ran { report, log: log.all(), result, took }
}

fn fate() -> impl Strategy<Value = Fate> {
    let takes = || 0..250_u64;
    prop_oneof![
        6 => takes().prop_map(|takes| Fate::Starts { takes }),
        3 => (1..4_u32, takes()).prop_map(|(times, takes)| Fate::FailsTimes { times, takes }),
        1 => Just(Fate::Panics),
        1 => Just(Fate::Hangs),
    ]
}

fn outside() -> impl Strategy<Value = Outside> {
    let after = || 0..800_u64;
    prop_oneof![
        2 => Just(Outside::Nothing),
        1 => after().prop_map(Outside::StopAfter),
        1 => after().prop_map(Outside::DropAfter),
    ]
}

fn in_a_runtime<T>(future: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().start_paused(true).build().expect("a runtime").block_on(future)
}

fn cases(usual: u32) -> ProptestConfig {
    let cases = if std::env::var_os("LIFECYCLE_SOAK").is_some() { 100 * usual } else { usual };
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(128))]

    /// R6, R25, R26.
    #[test]
    fn all_that_was_made_is_torn_down_once_and_in_order(
        fates in prop::array::uniform5(fate()),
        outside in outside(),
    ) {
        let ran = in_a_runtime(run(fates, outside));
        let all = |name: &str, what: &str| -> Vec<usize> {
            let found = ran.log.iter().enumerate().filter(|(_, line)| **line == (name, what));
            found.map(|(at, _)| at).collect()
        };
        for name in ["Base", "Left", "Right", "Top", "Side"] {
            let made = all(name, "made").len();
            prop_assert_eq!(all(name, "closed").len(), made, "{}: {:?}", name, ran.log);
            prop_assert_eq!(all(name, "dropped").len(), made, "{}: {:?}", name, ran.log);
            // A value that is made while its attempt is given up is closed, and another one may follow it.
            prop_assert!(made <= 2, "{}: {:?}", name, ran.log);
        }
        for (dependent, dependency) in NEEDS {
            if let Some(first) = all(dependent, "begins").first() {
                prop_assert!(all(dependency, "made").iter().any(|made| made < first), "{:?}", ran.log);
            }
            if let (Some(closed), Some(closes)) = (all(dependent, "closed").last(), all(dependency, "closes").last()) {
                prop_assert!(closed < closes, "{:?}", ran.log);
            }
        }
        // The roll-back has a grace of its own, however long the start was.
        prop_assert!(ran.report.took <= GRACE, "{}", ran.report);
        prop_assert!(ran.report.stragglers.is_empty(), "{}", ran.report);
        match &ran.report.reason {
            Reason::StartFailed { .. } => {
                prop_assert_eq!(ran.report.exit_status(), 1);
                let is_told = matches!(ran.result, Some(Err(StartError::Failed { .. })) | None);
                prop_assert!(is_told, "{:?}", ran.result);
            }
            _ => prop_assert!(ran.report.is_clean(), "{}", ran.report),
        }
    }

    /// R25: the wall time of a clean start is its critical path.
    #[test]
    fn a_clean_start_takes_its_critical_path(takes in prop::array::uniform5(0..250_u64)) {
        let ran = in_a_runtime(run(takes.map(|takes| Fate::Starts { takes }), Outside::Nothing));
        prop_assert_eq!(&ran.result, &Some(Ok(())), "{}", ran.report);
        let [base, left, right, top, side] = takes;
        let path = (base + left.max(right) + top).max(side);
        prop_assert_eq!(ran.took, Duration::from_millis(path));
    }
}
