//! The single door of generated code. No part of it is public API, whatever its visibility.

pub use std::string::String;

pub use inventory;
pub use shutdown_macros::__Resource as Resource;

pub use crate::{
    process::{Flavor, MainEnd, MainOptions, ReportFormat, main},
    resource::managed::Managed,
    resource::{
        Declaration, Edge, Failure, FailureKind, Generic, Granted, Held, Holds, HoldsNothing, Joined, Link,
        Need, NeedReason, Needs, Probe, ProbeField, Registered, Release, Resource, Step, Teardown, blocking,
        check, later,
        leak::{Field, Leak, Leaks, NeedsRelease, Otherwise, Released, Touched, Touches, unreleased},
        link,
        owned::{ReleaseMut, ReleaseOwned},
        redundant::{Check, Implied, No, Same},
        value::{MainReturn, NoOwn, ProbeMain, ProbeStep},
    },
    signals::{TABLE as SIGNALS, numbers as signal},
    // For the benchmarks of this repository.
    sync::notice::Notice,
};
