//! What a drill asks of this process (R38). Nothing of this is compiled without the feature `testing`.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex};

use crate::engine::fault::{Change, Latch, NotPlanted, Planted};
use crate::engine::lifecycle::Lifecycle;
use crate::observe::observers::Declared;
use crate::report::{Fact, FactKind};
use crate::stage::TeardownStage;
use crate::sync::gate::Pass;
use crate::sync::lock;
use crate::sync::notice::Notice;

pub(super) const DRILL: &str = "LIFECYCLE_DRILL";

/// The value of the variable `LIFECYCLE_DRILL`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Drill {
    /// `clean`: nothing is planted, because the drill learns the plan.
    Clean,
    /// `hang:orders-db`: a fault at an instance.
    Fault(Planted),
    /// `hold:drain`: a stage goes on until a second signal, so that the signal cannot come too late.
    Hold(Held),
}

/// A stage that a drill can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    Drain,
    Teardowns(TeardownStage),
}

/// A value that is not one of a drill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NotADrill {
    Fault(NotPlanted),
    UnknownStage(String),
}

/// What is let go at the second signal.
#[derive(Default)]
pub(super) struct Hold {
    pass: Mutex<Option<Pass>>,
    hurried: Notice,
}

impl Drill {
    /// Adds the observer that ends the hold of a stage. Returns the hold.
    pub(super) fn observe(&self, observers: &mut Declared) -> Option<Arc<Hold>> {
        let Drill::Hold(_) = self else { return None };
        let hold = Arc::new(Hold::default());
        let watched = Arc::clone(&hold);
        observers.add("the drill".into(), move |fact: &Fact| {
            if let FactKind::Hurried { .. } = fact.kind {
                watched.hurried.fire();
                let pass = lock(&watched.pass).take();
                drop(pass);
            }
        });
        Some(hold)
    }

    /// Changes the lifecycle as the drill wants it.
    pub(super) fn begin(self, lifecycle: &Lifecycle, hold: Option<&Hold>) {
        lifecycle.note_drill(self.to_string());
        match (self, hold) {
            // A thread that the fault blocks is left to the watchdog: nobody opens the latch.
            (Drill::Fault(planted), _) => {
                lifecycle.change_teardowns(Change::fault(planted, Latch::default()));
            }
            (Drill::Hold(Held::Drain), Some(hold)) => {
                *lock(&hold.pass) = lifecycle.in_flight().gate.pass();
            }
            (Drill::Hold(Held::Teardowns(stage)), Some(hold)) => {
                lifecycle.change_teardowns(Change::Hold { stage, until: hold.hurried.clone() });
            }
            (Drill::Clean | Drill::Hold(_), _) => {}
        }
    }
}

impl FromStr for Drill {
    type Err = NotADrill;

    fn from_str(text: &str) -> Result<Drill, NotADrill> {
        if text.trim() == "clean" {
            return Ok(Drill::Clean);
        }
        match text.split_once(':').map(|(word, stage)| (word.trim(), stage.trim())) {
            Some(("hold", "drain")) => Ok(Drill::Hold(Held::Drain)),
            Some(("hold", "cleanup")) => Ok(Drill::Hold(Held::Teardowns(TeardownStage::Cleanup))),
            Some(("hold", "flush")) => Ok(Drill::Hold(Held::Teardowns(TeardownStage::Flush))),
            Some(("hold", stage)) => Err(NotADrill::UnknownStage(stage.to_owned())),
            _ => text.parse().map(Drill::Fault).map_err(NotADrill::Fault),
        }
    }
}

impl fmt::Display for Drill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{DRILL} ")?;
        match self {
            Drill::Clean => f.write_str("plants nothing"),
            Drill::Fault(Planted { fault, instance }) => {
                write!(f, "plants the fault `{fault}` at `{instance}`")
            }
            Drill::Hold(held) => {
                let stage = match held {
                    Held::Drain => "drain",
                    Held::Teardowns(TeardownStage::Cleanup) => "cleanup",
                    Held::Teardowns(TeardownStage::Flush) => "flush",
                };
                write!(f, "holds the {stage} until a second signal")
            }
        }
    }
}

impl fmt::Display for NotADrill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotADrill::Fault(why) => why.fmt(f),
            NotADrill::UnknownStage(stage) => write!(
                f,
                "`{stage}` is not a stage that a drill holds; expected `hold:drain`, `hold:cleanup` or `hold:flush`"
            ),
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::Drill;

    fn sentence(value: &str) -> String {
        value.parse::<Drill>().map_or_else(|why| why.to_string(), |drill| drill.to_string())
    }

    #[test]
    fn r38_each_value_of_the_variable_has_a_sentence() {
        for (value, expected) in [
            (" clean ", "LIFECYCLE_DRILL plants nothing"),
            ("hang:orders-db", "LIFECYCLE_DRILL plants the fault `hang` at `orders-db`"),
            ("error:a::b", "LIFECYCLE_DRILL plants the fault `error` at `a::b`"),
            ("hold:drain", "LIFECYCLE_DRILL holds the drain until a second signal"),
            ("hold: cleanup", "LIFECYCLE_DRILL holds the cleanup until a second signal"),
            ("hold:flush", "LIFECYCLE_DRILL holds the flush until a second signal"),
            (
                "hold:lame duck",
                "`lame duck` is not a stage that a drill holds; expected `hold:drain`, `hold:cleanup` or `hold:flush`",
            ),
        ] {
            assert_eq!(sentence(value), expected);
        }
        assert!(
            sentence("hold").starts_with("`hold` is not a fault; expected a fault"),
            "{}",
            sentence("hold")
        );
        assert!(sentence("cleaning").starts_with("`cleaning` is not a fault"), "{}", sentence("cleaning"));
    }
}
