//! The single door of generated code. Nothing in it is public API.

pub use std::string::String;

pub use inventory;
pub use shutdown_macros::__Resource as Resource;
pub use tokio::runtime::RuntimeFlavor;

pub use crate::{
    engine::start::{
        Attempt, Given, HasStartAttribute, NoStart, ProvideOutput, Start, StartArgument, StartOutput,
        Startable, Starting, provide,
    },
    lint::{
        cycle::{check, check_start},
        leak::{Leak, Leaks, Lists, Memory, NeedsRelease, NoList, Otherwise, Released, Touches, Writes},
        unknown::{Client, is_unknown, unknown},
        unreleased::{Field, by_value, is_by_value, unreleased},
    },
    process::{MainReturn, ProbeMain, Process, ReportFormat},
    release::{
        Bare, Release,
        owned::{ReleaseMut, ReleaseOwned},
        returned::ProbeStep,
    },
    resource::{
        Generated, HasAttribute, HasTeardown, Resource, Teardown,
        called::{Called, Plain},
        declaration::{Declaration, Edge},
        holds::{Held, Holds, HoldsNothing, Probe, ProbeField},
        link::{Joined, Link},
        managed::Managed,
        needs::{NeedReason, Needs},
        registered::{Generic, Registered, link},
        steps::{NoOwn, Step, blocking, later},
        touched::Touched,
    },
    signals::TABLE as SIGNALS,
    // For the benchmarks of this repository.
    sync::notice::Notice,
};

#[cfg(feature = "testing")]
pub use crate::testing::{Test, TestClock, Wanted};

// For the program `lifecycle`.
#[cfg(feature = "show")]
pub use crate::show::show;
