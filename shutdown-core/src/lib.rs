// Some of the README's programs need the feature `http`, so that they are run with it only. The first one is also run
// without, by `tests/first-success`.
#![cfg_attr(not(all(doctest, not(feature = "http"))), doc = include_str!("../README.md"))]
#![deny(unsafe_code)]

#[cfg(not(unix))]
compile_error!("`lifecycle` stops services by signals, and so needs a Unix");

// Pure: no clock, no threads, no tokio.
mod budget;
mod json;
mod plan;
mod report;
mod sort;
mod stage;

// Primitives, checked by loom.
mod gate;
mod notice;
mod shards;
mod sync;

// The sequence, over ports.
mod sequence;

// What a resource is.
mod declared;
mod resource;
mod slot;

// The engine of one lifecycle.
mod builder;
mod context;
mod defer;
mod functions;
mod hook;
mod host;
mod lifecycle;
mod managed;
mod tasks;
mod work;

// A lifecycle that is the whole process.
mod process;

// Edges to the world.
#[cfg(feature = "consumer")]
pub mod consumer;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "http")]
pub mod net;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
pub mod lints;
mod macros;
pub mod recipes;

pub use {
    builder::{Builder, MainOutput},
    defer::Deferred,
    functions::{
        Draining, Stopping, defer, draining, fail, is_stopping, manage, manage_as, pass, ready, remaining,
        shutdown, spawn, spawn_blocking, spawn_essential, stopping,
    },
    gate::{Gate, Pass},
    lifecycle::Lifecycle,
    macros::{Holds, main, needs_release, resource, teardown},
    managed::{Managed, TeardownError},
    notice::{Notice, Waiting},
    report::{
        Failure, FailureKind, InstanceReport, MainEnding, Outcome, Reason, Report, StageSpan, Straggler,
    },
    resource::{Resource, Teardown, TeardownOutput},
    slot::Slot,
    stage::Stage,
};
