//! lifecycle

#[cfg(not(unix))]
compile_error!("`lifecycle` stops services by signals, and so needs a Unix");

// Primitives: what loom can model.
mod sync;

mod shards;

mod notice;

mod gate;

pub use gate::{Gate, Pass};
pub use notice::{Notice, Waiting};

// Pure: no clock, no threads, no tokio.
#[cfg(not(loom))]
mod budget;
#[cfg(not(loom))]
mod json;
#[cfg(not(loom))]
mod plan;
#[cfg(not(loom))]
mod report;
#[cfg(not(loom))]
mod sequence;
#[cfg(not(loom))]
mod sort;
#[cfg(not(loom))]
mod stage;

// What a resource is.
#[cfg(not(loom))]
mod declared;
#[cfg(not(loom))]
mod macros;
#[cfg(not(loom))]
mod resource;
#[cfg(not(loom))]
mod slot;

// The engine.
#[cfg(not(loom))]
mod builder;
#[cfg(not(loom))]
mod context;
#[cfg(not(loom))]
mod defer;
#[cfg(not(loom))]
mod functions;
#[cfg(not(loom))]
mod hook;
#[cfg(not(loom))]
mod lifecycle;
#[cfg(not(loom))]
mod managed;
#[cfg(not(loom))]
mod tasks;
#[cfg(not(loom))]
mod voice;

// The process.
#[cfg(not(loom))]
mod process;

#[cfg(not(loom))]
#[doc(hidden)]
pub mod private;
#[cfg(not(loom))]
#[doc(hidden)]
pub use private as __private;

#[cfg(not(loom))]
pub use {
    builder::{Builder, MainOutput},
    defer::Deferred,
    functions::{
        Draining, Stopping, defer, draining, fail, is_stopping, manage, manage_as, pass, ready, remaining,
        shutdown, spawn, spawn_blocking, spawn_essential, stopping,
    },
    lifecycle::Lifecycle,
    macros::{main, resource, teardown},
    managed::{Managed, TeardownError},
    plan::Why,
    report::{
        Failure, FailureKind, InstanceReport, MainEnding, Outcome, Reason, Report, StageSpan, Straggler,
    },
    resource::{Resource, Teardown, TeardownOutput},
    slot::Slot,
    stage::Stage,
};
