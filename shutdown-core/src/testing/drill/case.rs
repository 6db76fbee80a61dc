//! What one run of a drill is about.

use std::fmt;

use crate::engine::fault::Fault;
use crate::stage::Stage;

/// What happens in one run of a [drill](crate::testing::drill()).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Case {
    /// Nothing: the run from which the drill learns the plan.
    Clean,
    /// A fault in the teardown of each instance of one name.
    #[non_exhaustive]
    Fault {
        /// The fault.
        fault: Fault,
        /// The name.
        instance: String,
    },
    /// A second signal, which ends lame duck and drain (R14).
    #[non_exhaustive]
    SecondSignal {
        /// The stage in which it arrives.
        stage: Stage,
    },
}

impl Case {
    pub(crate) fn fault(fault: Fault, instance: &str) -> Case {
        Case::Fault { fault, instance: instance.to_owned() }
    }

    /// Returns the planted fault and its instance, if there is one.
    pub(super) fn planted(&self) -> Option<(Fault, &str)> {
        match self {
            Case::Fault { fault, instance } => Some((*fault, instance)),
            Case::Clean | Case::SecondSignal { .. } => None,
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Case::Clean => f.write_str("no fault"),
            Case::Fault { fault, instance } => write!(f, "{fault} at `{instance}`"),
            Case::SecondSignal { stage } => write!(f, "second signal in the {stage}"),
        }
    }
}
