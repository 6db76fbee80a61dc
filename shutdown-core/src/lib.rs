// Some of the README's programs need the feature `http`, so that they are run with it only. The first one is also run
// without, by `tests/first-success`.
#![cfg_attr(not(all(doctest, not(feature = "http"))), doc = include_str!("../README.md"))]
// docs.rs shows every feature, and says which item needs which one.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(unsafe_code)]

// Pure: no clock, no threads, no tokio.
mod backoff;
mod budget;
mod json;
mod markup;
mod plan;
mod random;
mod report;
mod signals;
mod socket;
mod sort;
mod stage;

// The primitives, checked by loom.
mod sync;

// What the service manager passed to this process.
#[cfg(all(unix, feature = "net"))]
mod listen_fds;

// The state machine of a stop.
mod sequence;
mod start;

// What a type declares, and the handle of an instance.
mod resource;

// What the compiler is asked about resources.
mod lint;

// How values are released.
mod release;

// What the outside world is told.
mod observe;

// One lifecycle.
mod engine;

// A lifecycle that is the whole process.
mod process;

// The port that servers and consumers use.
#[cfg_attr(not(feature = "http"), expect(dead_code, reason = "an HTTP server uses all of the port"))]
mod edge;

// Servers and consumers.
#[cfg(feature = "consumer")]
pub mod consumer;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "net")]
pub mod net;

// The program `lifecycle`.
#[cfg(feature = "show")]
mod show;

// The kit for tests of services.
#[cfg(feature = "testing")]
pub mod testing;

#[cfg(feature = "testing")]
pub use macros::test;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
pub mod coming_from;
pub mod lints;
mod macros;
pub mod observability;
pub mod platforms;
pub mod recipes;
#[cfg(feature = "opentelemetry")]
pub mod telemetry;

pub use {
    engine::builder::Builder,
    engine::defer::Deferred,
    engine::functions::{
        Draining, Stopping, defer, drain_remaining, draining, fail, is_stopping, manage, manage_as, pass,
        provide, ready, reloads, remaining, request_reload, shutdown, spawn, spawn_blocking, spawn_essential,
        spawn_supervised, start, stopping,
    },
    engine::lifecycle::Lifecycle,
    engine::output::MainOutput,
    engine::reload::{Reload, Reloads},
    engine::start::{Start, StartArguments, StartError, StartFuture, Startable},
    engine::supervised::Supervised,
    macros::{Holds, known_types, main, needs_release, resource, start, teardown},
    observe::last_stop::LastStop,
    process::{Process, ReportFormat, last_stop},
    report::{
        AtNoticeReport, EdgeReport, Fact, FactKind, Failure, FailureKind, InstanceReport, MainOutcome,
        Outcome, Reason, Report, StageReport, StartOutcome, StartReport, StartRow, Straggler, Unconfirmed,
    },
    resource::managed::{Managed, TeardownError},
    resource::scope::unconfirmed,
    resource::slot::Slot,
    resource::{ReadyOutput, Resource, Teardown, TeardownOutput},
    stage::Stage,
    sync::gate::{Drained, Gate, Pass},
};
