//! The guard of `tracing_appender`: `WorkerGuard`. Needs the feature `tracing-appender`.
//!
//! | type | lost without release | a bare `#[teardown]` |
//! |---|---|---|
//! | `WorkerGuard` | the last log lines | in a `Slot`: writes them |
//!
//! Mark the resource that holds the guard as `last`.

use std::future::Future;

use tracing_appender::non_blocking::WorkerGuard;

use crate::release::known::known;
use crate::release::owned::dropped;

known! {
    [] WorkerGuard: "tracing_appender::non_blocking::WorkerGuard",
    lost: "the last log lines, which are still in a queue",
    does: "writes them, on a blocking thread (mark the resource as `last`)",
    form: "lifecycle::Slot<WorkerGuard>";
}

// Blocking, because its drop waits for its thread.
dropped! {
    true:
    [] WorkerGuard;
}
