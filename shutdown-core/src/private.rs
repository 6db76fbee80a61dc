//! The single door of generated code. No part of it is public API, whatever its visibility.

use std::{
    future::{Ready, ready},
    process::ExitCode,
    time::Duration,
};

pub use std::string::String;

pub use inventory;
pub use shutdown_macros::__Resource as Resource;

pub use crate::{
    managed::Managed,
    process::{main, signals as signal},
    resource::{
        Declaration, Failure, FailureKind, Failures, Granted, Held, Holds, Need, NeedReason, Needs, Probe,
        ProbeField, Registered, Release, Resource, Teardown,
        leak::{Field, Leak, Leaks, NeedsRelease, Otherwise, Released, Touched, Touches, unreleased},
        owned::{ReleaseMut, ReleaseOwned},
        redundant::{Check, Implied, No, Same},
        value::{MainReturn, Outcome, ProbeFuture, ProbeMain, ProbeOwn, Settled},
    },
};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flavor {
    MultiThread,
    CurrentThread,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReportFormat {
    Text,
    Json,
    Off,
}

#[derive(Debug)]
pub struct MainOptions {
    pub grace: Option<Duration>,
    pub lame_duck: Option<Duration>,
    pub flavor: Flavor,
    pub worker_threads: Option<usize>,
    pub job: bool,
    pub signals: Option<&'static [i32]>,
    pub report: ReportFormat,
    pub module: &'static str,
}

#[derive(Debug)]
pub enum MainEnd {
    Ok,
    Err(String),
    Code(ExitCode),
}

/// The teardown of a resource that holds nothing to release.
pub fn nothing<T>(this: Managed<T>) -> Ready<Failures> {
    drop(this);
    ready(Failures::new())
}
