//! The single door of generated code. No part of it is public API, whatever its visibility.

pub use std::string::String;

pub use inventory;
pub use shutdown_macros::__Resource as Resource;

pub use crate::{
    lint::{
        cycle::check,
        leak::{Field, Leak, Leaks, NeedsRelease, Otherwise, Released, Touched, Touches, unreleased},
    },
    process::{Flavor, MainEnd, MainOptions, MainReturn, ProbeMain, ReportFormat, main, signals as signal},
    release::{
        Release,
        owned::{ReleaseMut, ReleaseOwned},
        returned::{NoOwn, ProbeStep},
    },
    resource::managed::Managed,
    resource::{
        Declaration, Edge, Failure, FailureKind, Generic, Granted, Held, Holds, HoldsNothing, Joined, Link,
        Need, NeedReason, Needs, Probe, ProbeField, Registered, Resource, Step, Teardown, blocking, later,
        link,
        redundant::{Check, Implied, No, Same},
    },
};
