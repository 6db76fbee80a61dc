//! The stages of a stop, and the two of them in which instances are torn down.

use std::fmt;
use std::ops::{Index, IndexMut};

/// A stage between the start of a lifecycle and its exit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// The service is working, and no stop has begun.
    Running,
    /// The stop has begun. The service announces it, and still accepts and serves everything.
    LameDuck,
    /// The service accepts nothing new, and finishes the work in flight.
    Drain,
    /// The service tears down its resources.
    Cleanup,
    /// The service tears down the resources marked `last`.
    Flush,
    /// The stop is over.
    Exited,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stage::Running => "running",
            Stage::LameDuck => "lame duck",
            Stage::Drain => "drain",
            Stage::Cleanup => "cleanup",
            Stage::Flush => "flush",
            Stage::Exited => "exited",
        })
    }
}

/// The stage to which a teardown belongs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum TeardownStage {
    /// For every instance that is not marked `last`.
    #[default]
    Cleanup,
    /// For the instances marked `last`.
    Flush,
}

impl TeardownStage {
    pub(crate) const ALL: [TeardownStage; 2] = [TeardownStage::Cleanup, TeardownStage::Flush];

    /// Returns the stage that the attribute `last` selects.
    pub(crate) fn of(last: bool) -> TeardownStage {
        if last { TeardownStage::Flush } else { TeardownStage::Cleanup }
    }

    pub(crate) fn is_last(self) -> bool {
        self == TeardownStage::Flush
    }
}

/// A pair of values: one for each stage in which instances are torn down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PerStage<T> {
    pub(crate) cleanup: T,
    pub(crate) flush: T,
}

impl<T> PerStage<T> {
    /// Calls `value` once for each stage.
    pub(crate) fn from_fn(mut value: impl FnMut(TeardownStage) -> T) -> PerStage<T> {
        PerStage { cleanup: value(TeardownStage::Cleanup), flush: value(TeardownStage::Flush) }
    }
}

impl<T> Index<TeardownStage> for PerStage<T> {
    type Output = T;

    fn index(&self, stage: TeardownStage) -> &T {
        match stage {
            TeardownStage::Cleanup => &self.cleanup,
            TeardownStage::Flush => &self.flush,
        }
    }
}

impl<T> IndexMut<TeardownStage> for PerStage<T> {
    fn index_mut(&mut self, stage: TeardownStage) -> &mut T {
        match stage {
            TeardownStage::Cleanup => &mut self.cleanup,
            TeardownStage::Flush => &mut self.flush,
        }
    }
}
