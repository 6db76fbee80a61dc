//! Faults that a drill plants in teardowns (R38). Nothing of this is compiled without the feature `testing`.
//!
//! A fault takes the place of the job of an instance, where the hook of that instance is made. The rest of the engine does
//! not know of it.

use std::fmt;
use std::future::pending;
use std::str::FromStr;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use super::hook::Job;
use super::lifecycle::Lifecycle;
use crate::report::{Failure, FailureKind, Report, TEARDOWN};
use crate::resource::scope::TeardownScope;
use crate::stage::TeardownStage;
use crate::sync::notice::Notice;
use crate::sync::{Flag, lock, wait};

/// How long a slow teardown waits if nothing limits its time: in a release before the stop.
const SLOW_WITHOUT_LIMIT: Duration = Duration::from_secs(1);

/// A fault of one teardown, as a drill plants it.
///
/// | fault | in words | the teardown |
/// |---|---|---|
/// | `Error` | `error` | does not run, and an error takes its place; the value is dropped |
/// | `Panic` | `panic` | does not run, and a panic takes its place; the value is dropped |
/// | `Hang` | `hang` | does not run; the value is kept until the time of the teardown is up |
/// | `Block` | `block` | does not run; the value is kept, and the thread is blocked |
/// | `Slow` | `slow` | runs after half of the time that it has, or after 1 s in a release before the stop |
///
/// `Error` and `Panic` are a teardown whose first line fails. `Hang` is a peer that does not answer, and `Slow` is one that
/// answers late. `Block` is a call that blocks the thread, such as a lock of the standard library. A drill in process ends
/// the block after the report. In a process of its own the block never ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The teardown returns an error.
    Error,
    /// The teardown panics.
    Panic,
    /// The teardown never ends, at an await.
    #[doc(alias("timeout", "deadlock"))]
    Hang,
    /// The teardown blocks its thread.
    Block,
    /// The teardown begins late.
    #[doc(alias("latency", "delay"))]
    Slow,
}

impl Fault {
    /// Every fault, in the order of the matrix.
    pub(crate) const ALL: [Fault; 5] = [Fault::Error, Fault::Panic, Fault::Hang, Fault::Block, Fault::Slow];
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Fault::Error => "error",
            Fault::Panic => "panic",
            Fault::Hang => "hang",
            Fault::Block => "block",
            Fault::Slow => "slow",
        })
    }
}

/// A fault, and the name of the instances whose teardown has it. As text: `hang:orders-db`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Planted {
    pub(crate) fault: Fault,
    /// The name. If several instances have it, each of them has the fault.
    pub(crate) instance: String,
}

/// A text that is not a planted fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotPlanted {
    /// The text has no colon, or nothing after it.
    NoInstance,
    /// The word before the colon is not a fault.
    UnknownFault(String),
}

impl FromStr for Planted {
    type Err = NotPlanted;

    fn from_str(text: &str) -> Result<Planted, NotPlanted> {
        // The name of an instance may have colons, such as one that is a path.
        let (word, instance) = text.split_once(':').unwrap_or((text, ""));
        let (word, instance) = (word.trim(), instance.trim());
        let fault = Fault::ALL.into_iter().find(|fault| fault.to_string() == word);
        let fault = fault.ok_or_else(|| NotPlanted::UnknownFault(word.to_owned()))?;
        if instance.is_empty() {
            return Err(NotPlanted::NoInstance);
        }
        Ok(Planted { fault, instance: instance.to_owned() })
    }
}

impl fmt::Display for Planted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.fault, self.instance)
    }
}

impl fmt::Display for NotPlanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotPlanted::NoInstance => f.write_str("no instance is named; ")?,
            NotPlanted::UnknownFault(word) => write!(f, "`{word}` is not a fault; ")?,
        }
        let faults: Vec<String> = Fault::ALL.iter().map(|fault| format!("`{fault}`")).collect();
        write!(f, "expected a fault and the name of an instance, such as `hang:orders-db`; the faults are ")?;
        f.write_str(&faults.join(", "))
    }
}

impl std::error::Error for NotPlanted {}

/// What a drill changes in the teardowns of one lifecycle.
#[derive(Debug)]
pub(crate) enum Change {
    /// A fault in each instance of one name. A blocked thread goes on when the latch opens.
    Fault { planted: Planted, latch: Latch, is_met: Flag },
    /// Each teardown of this stage begins only when the notice has fired.
    Hold { stage: TeardownStage, until: Notice },
}

impl Change {
    pub(crate) fn fault(planted: Planted, latch: Latch) -> Change {
        Change::Fault { planted, latch, is_met: Flag::new() }
    }

    fn apply(&self, name: &str, stage: TeardownStage, job: Job) -> Job {
        match self {
            Change::Fault { planted, latch, is_met } if planted.instance == name => {
                is_met.set();
                faulty(planted.fault, job, latch.clone())
            }
            Change::Hold { stage: held, until } if *held == stage => {
                let until = until.clone();
                Box::new(move || {
                    Box::pin(async move {
                        until.wait().await;
                        job().await
                    })
                })
            }
            Change::Fault { .. } | Change::Hold { .. } => job,
        }
    }
}

/// Returns a job with this fault in the place of `job`, which holds the value.
fn faulty(fault: Fault, job: Job, latch: Latch) -> Job {
    let step = TEARDOWN;
    match fault {
        Fault::Error => Box::new(move || {
            Box::pin(async move {
                drop(job);
                vec![Failure { step, kind: FailureKind::Error, message: "the drill planted an error".into() }]
            })
        }),
        Fault::Panic => Box::new(move || {
            Box::pin(async move {
                let _dropped_by_the_panic = job;
                panic!("the drill planted a panic")
            })
        }),
        Fault::Hang => Box::new(move || {
            Box::pin(async move {
                let _kept = job;
                pending().await
            })
        }),
        Fault::Block => Box::new(move || {
            Box::pin(async move {
                let _kept = job;
                latch.block();
                vec![Failure {
                    step,
                    kind: FailureKind::Error,
                    message: "the drill blocked the thread".into(),
                }]
            })
        }),
        Fault::Slow => Box::new(move || {
            Box::pin(async move {
                let left = TeardownScope::current().remaining();
                tokio::time::sleep(left.map_or(SLOW_WITHOUT_LIMIT, |left| left / 2)).await;
                job().await
            })
        }),
    }
}

/// A latch that blocks threads until it is open. A clone is the same latch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Latch(Arc<(Mutex<bool>, Condvar)>);

impl Latch {
    pub(crate) fn open(&self) {
        *lock(&self.0.0) = true;
        self.0.1.notify_all();
    }

    fn block(&self) {
        let (is_open, changed) = &*self.0;
        let mut guard = lock(is_open);
        while !*guard {
            guard = wait(changed, guard);
        }
    }
}

impl Lifecycle {
    /// Changes the teardowns of every instance that is managed from now on. The first change stays.
    pub(crate) fn change_teardowns(&self, change: Change) {
        let _ = self.engine().changed_teardowns.set(change);
    }

    /// Notes in the report what a drill asks of this lifecycle.
    pub(crate) fn note_drill(&self, what: String) {
        let _ = self.engine().drill_note.set(what);
    }

    /// Returns the job of this instance as the drill has changed it.
    pub(super) fn drilled(&self, name: &str, stage: TeardownStage, job: Job) -> Job {
        match self.engine().changed_teardowns.get() {
            Some(change) => change.apply(name, stage, job),
            None => job,
        }
    }

    /// Adds a fault to the report if no instance had the name at which a fault was planted. Returns whether it did.
    pub(super) fn misses_its_fault(&self, report: &mut Report) -> bool {
        let Some(Change::Fault { planted, is_met, .. }) = self.engine().changed_teardowns.get() else {
            return false;
        };
        if is_met.is_set() {
            return false;
        }
        let mut names: Vec<String> = report.instances.iter().map(|one| format!("`{}`", one.name)).collect();
        names.dedup();
        let known = match &names[..] {
            [] => "nothing was managed".to_owned(),
            names => format!("the instances are {}", names.join(", ")),
        };
        let Planted { fault, instance } = planted;
        report.faults.push(format!(
            "the drill found no instance `{instance}` to plant the fault `{fault}` at: {known}"
        ));
        true
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::time::Duration;

    use super::{Change, Fault, Latch, Planted};
    use crate::report::Report;
    use crate::{Deferred, Lifecycle, Outcome};

    /// Stops a lifecycle with the instances `db` and then `log`, and with this fault planted.
    async fn stopped(planted: &str) -> Report {
        let lifecycle = Lifecycle::builder().grace(Duration::from_secs(20)).build();
        lifecycle.change_teardowns(Change::fault(planted.parse().unwrap(), Latch::default()));
        let main = async {
            Deferred::new("db").order(1).timeout(Duration::from_secs(4)).run(async || {});
            Deferred::new("log").order(2).run(async || {});
        };
        lifecycle.run_to_report(main).await
    }

    #[tokio::test(start_paused = true)]
    async fn r38_an_error_and_a_panic_take_the_place_of_the_teardown() {
        for fault in ["error", "panic"] {
            let report = stopped(&format!("{fault}:db")).await;
            let outcome = report.instances[0].outcome.to_string();
            assert!(outcome.contains("the drill planted a") && outcome.contains(fault), "{outcome}");
            assert_eq!(report.exit_status(), 70, "{report}");
            assert_eq!(report.instances[1].outcome, Outcome::Ok);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn r38_a_hang_takes_all_of_its_time_and_slowness_half_of_it() {
        let hung = stopped("hang:db").await;
        assert_eq!(hung.instances[0].outcome, Outcome::TimedOut, "{hung}");
        let seconds = |report: &Report| report.instances[0].took.as_secs_f64().round();
        assert!((seconds(&hung) - 4.0).abs() < f64::EPSILON, "{hung}");
        let slow = stopped("slow:db").await;
        assert_eq!(slow.exit_status(), 0, "{slow}");
        assert!((seconds(&slow) - 2.0).abs() < f64::EPSILON, "{slow}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn r38_a_blocked_thread_is_given_up_and_keeps_the_value() {
        let value = std::sync::Arc::new(());
        let kept = value.clone();
        let lifecycle = Lifecycle::builder().grace(Duration::from_millis(200)).build();
        let latch = Latch::default();
        lifecycle.change_teardowns(Change::fault("block:db".parse().unwrap(), latch.clone()));
        let main = async {
            crate::defer("db", async move || drop(kept));
        };
        let report = lifecycle.run_to_report(main).await;
        assert_eq!(report.instances[0].outcome, Outcome::TimedOut, "{report}");
        assert_eq!(std::sync::Arc::strong_count(&value), 2);
        latch.open();
    }

    /// A drill of a name with a slip of the pen would pass otherwise.
    #[tokio::test(start_paused = true)]
    async fn r38_a_fault_without_its_instance_is_a_fault_of_the_report() {
        let report = stopped("hang:database").await;
        assert_eq!(
            report.faults,
            [
                "the drill found no instance `database` to plant the fault `hang` at: the instances are `db`, `log`"
            ]
        );
        assert_eq!(report.exit_status(), 70);
    }

    #[test]
    fn r38_a_planted_fault_has_a_text_form() {
        for fault in Fault::ALL {
            let planted = Planted { fault, instance: "a::orders-db".to_owned() };
            assert_eq!(planted.to_string().parse(), Ok(planted));
        }
        let spaced: Planted = " hang : orders db ".parse().unwrap();
        assert_eq!(spaced.to_string(), "hang:orders db");
    }

    #[test]
    fn r38_a_wrong_text_says_what_to_write() {
        let error = |text: &str| text.parse::<Planted>().unwrap_err().to_string();
        let expected = "expected a fault and the name of an instance, such as `hang:orders-db`; the faults are `error`, \
                        `panic`, `hang`, `block`, `slow`";
        assert_eq!(error("hang"), format!("no instance is named; {expected}"));
        assert_eq!(error("hang: "), format!("no instance is named; {expected}"));
        assert_eq!(error("hng:db"), format!("`hng` is not a fault; {expected}"));
        assert_eq!(error("db"), format!("`db` is not a fault; {expected}"));
    }
}
