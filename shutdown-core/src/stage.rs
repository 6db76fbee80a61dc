//! The stages of a stop.

use std::fmt;

/// Where a lifecycle is between its start and its exit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// It works.
    Running,
    /// It tells the world that it is about to stop, and still serves everything.
    LameDuck,
    /// It takes nothing new, and finishes what is in flight.
    Drain,
    /// It tears down its resources.
    Cleanup,
    /// It tears down the resources marked `last`.
    Flush,
    /// It is over.
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
