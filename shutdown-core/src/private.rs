//! The single door of generated code. No part of it is public API, whatever its visibility.

pub use inventory;
pub use shutdown_macros::__Resource as Resource;

pub use crate::{
    managed::Managed,
    process::{Flavor, MainEnd, MainOptions, ReportFormat, main, signals as signal},
    resource::{
        Declaration, Edge, Failure, FailureKind, Granted, Held, Holds, HoldsNothing, Link, Need, NeedReason,
        Needs, Probe, ProbeField, Registered, Release, Resource, Step, Teardown, blocking, check, later,
        link,
        value::{MainReturn, NoOwn, ProbeMain, ProbeStep},
    },
};
