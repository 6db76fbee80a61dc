//! The single door of generated code. No part of it is public API, whatever its visibility.

use std::future::{Ready, ready};

pub use std::string::String;

pub use inventory;
pub use shutdown_macros::__Resource as Resource;

pub use crate::{
    managed::Managed,
    process::{Flavor, MainEnd, MainOptions, ReportFormat, main, signals as signal},
    resource::{
        Declaration, Failure, FailureKind, Failures, Granted, Held, Holds, Need, NeedReason, Needs, Probe,
        ProbeField, Registered, Release, Resource, Teardown,
        leak::{Field, Leak, Leaks, NeedsRelease, Otherwise, Released, Touched, Touches, unreleased},
        owned::{ReleaseMut, ReleaseOwned},
        redundant::{Check, Implied, No, Same},
        value::{MainReturn, Outcome, ProbeFuture, ProbeMain, ProbeOwn, Settled},
    },
};

/// The teardown of a resource that holds nothing to release.
pub fn nothing<T>(this: Managed<T>) -> Ready<Failures> {
    drop(this);
    ready(Failures::new())
}
