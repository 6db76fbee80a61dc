//! The single door of generated code. No part of it is public API, whatever its visibility.

use std::{
    future::{Future, Ready, ready},
    process::ExitCode,
    time::Duration,
};

pub use inventory;
pub use shutdown_macros::__Resource as Resource;

pub use crate::{
    managed::{InstanceId, Managed},
    resource::{
        Declaration, Failure, FailureKind, Failures, Granted, Held, Holds, Need, NeedReason, Needs, Probe,
        ProbeField, Registered, Release, Resource, Teardown,
        value::{MainReturn, Outcome, ProbeFuture, ProbeMain, ProbeOwn, Settled},
    },
};

/// The numbers behind `signals(..)`; the names elsewhere than on Unix are there to compile, and never arrive.
pub mod signal {
    #[cfg(unix)]
    pub use libc::{
        SIGALRM, SIGCONT, SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1, SIGUSR2, SIGWINCH,
    };
}

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

pub fn main<F: Future<Output = MainEnd>>(
    options: &'static MainOptions,
    body: impl FnOnce() -> F,
) -> ExitCode {
    let _ = options;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.map(|runtime| runtime.block_on(body())) {
        Ok(MainEnd::Ok) => ExitCode::SUCCESS,
        Ok(MainEnd::Code(code)) => code,
        Ok(MainEnd::Err(error)) => {
            eprintln!("Error: {error}");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("Error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The teardown of a resource that holds nothing to release.
pub fn nothing<T>(this: Managed<T>) -> Ready<Failures> {
    drop(this);
    ready(Failures::new())
}
