//! The single door of generated code. No part of it is public API, whatever its visibility.

use std::{process::ExitCode, time::Duration};

pub use inventory;
pub use shutdown_macros::__Resource as Resource;

pub use crate::{
    managed::Managed,
    process::{main, signals as signal},
    resource::{
        Declaration, Edge, Failure, FailureKind, Granted, Held, Holds, HoldsNothing, Link, Need, NeedReason,
        Needs, Probe, ProbeField, Registered, Release, Resource, Step, Teardown, blocking, check, later,
        link,
        value::{MainReturn, NoOwn, ProbeMain, ProbeStep},
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
