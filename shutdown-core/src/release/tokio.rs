//! Runtimes, tasks and channels of tokio: `Runtime`, `JoinHandle`, `JoinSet`, `Sender`, `UnboundedSender`.
//!
//! | type | lost without release | a bare `#[teardown]` | who confirms |
//! |---|---|---|---|
//! | `task::JoinHandle` | the task is cut off, and its panic is lost | in a `Slot` or a `Mutex` of tokio: waits for the task | the task, by its end and its `Result` |
//! | `task::JoinSet` | its tasks are aborted or cut off | in a `Mutex`: waits for its tasks | the tasks, by their ends and their `Result`s |
//! | `mpsc::Sender`, `mpsc::UnboundedSender` | the receiver waits for ever | in a `Slot`: drops it | nothing is outstanding here: the receiver's task confirms its messages |
//! | `broadcast::Sender`, `watch::Sender` | the receivers wait for ever | in a `Slot`: drops it | nothing is outstanding here: the receivers' tasks confirm |
//! | `runtime::Runtime` | its tasks are cut off, and its drop panics on an async thread | in a `Slot`: ends it in time | its threads, which have ended; unconfirmed if tasks were dropped |
//!
//! [`std`](super::std) tells which `Result` of a task is read.
//!
//! A channel ends when its last sender has been dropped. If a sender has clones elsewhere, end their owners too. If no
//! task waits for the end of the channel, say so: `#[teardown(skip = "..")]`.
//!
//! The teardown of a `Runtime` runs on a thread of its own. It drops the tasks of the runtime at their next await. If there
//! are such tasks, the outcome is `unconfirmed`, with their number. A task
//! or a blocking call that goes on until the end of the teardown's time makes the teardown fail, and is left behind.

use std::future::Future;
use std::panic::resume_unwind;

use tokio::runtime::Runtime;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::{JoinError, JoinHandle, JoinSet};

use super::apart::{Time, apart};
use super::known::known;
use super::output::read_output;
use super::owned::{ReleaseMut, ReleaseOwned, dropped, owned};
use crate::resource::scope::unconfirmed;

known! {
    [T] JoinHandle<T>: "tokio::task::JoinHandle",
    lost: "the task is cut off when the process exits, and a panic in it is lost",
    does: "waits for the task to end",
    form: "lifecycle::Slot<JoinHandle<_>>";

    [T] JoinSet<T>: "tokio::task::JoinSet",
    lost: "its tasks are aborted, or cut off when the process exits",
    does: "waits for its tasks to end",
    form: "tokio::sync::Mutex<JoinSet<_>>";

    [T] mpsc::Sender<T>: "tokio::sync::mpsc::Sender",
    lost: "the end of the channel: the task that receives from it waits for ever",
    does: "drops it, so that the receiver ends",
    form: "lifecycle::Slot<Sender<_>>";

    [T] mpsc::UnboundedSender<T>: "tokio::sync::mpsc::UnboundedSender",
    lost: "the end of the channel: the task that receives from it waits for ever",
    does: "drops it, so that the receiver ends",
    form: "lifecycle::Slot<UnboundedSender<_>>";

    [T] broadcast::Sender<T>: "tokio::sync::broadcast::Sender",
    lost: "the end of the channel: a task that receives from it waits for ever",
    does: "drops it, so that the receivers end",
    form: "lifecycle::Slot<Sender<_>>";

    [T] watch::Sender<T>: "tokio::sync::watch::Sender",
    lost: "the end of the channel: a task that waits for the next value waits for ever",
    does: "drops it, so that the receivers end",
    form: "lifecycle::Slot<Sender<_>>";

    [] Runtime: "tokio::runtime::Runtime",
    lost: "its tasks are cut off, and a drop of it on an async thread panics",
    does: "ends it on a thread of its own, in the time of the teardown",
    form: "lifecycle::Slot<Runtime>";
}

impl<List: 'static> ReleaseOwned<List> for Runtime {
    const BLOCKING: bool = false;

    async fn release_owned(self) -> Result<(), String> {
        let (workers, tasks) = (self.metrics().num_workers(), self.metrics().num_alive_tasks());
        match apart(|time| shut_down(self, time)).await {
            Some(true) => {
                if tasks > 0 {
                    let (task, it) = if tasks == 1 { ("task", "it") } else { ("tasks", "they") };
                    let was = if tasks == 1 { "was" } else { "were" };
                    unconfirmed(format!(
                        "{tasks} {task} of the runtime had not ended, and {it} {was} dropped"
                    ));
                }
                Ok(())
            }
            Some(false) | None => Err(format!(
                "the runtime with {workers} workers did not end in time: a worker or a blocking thread of it hangs in a \
                 call that does not await"
            )),
        }
    }
}

/// Ends the runtime. Returns whether all of its threads have ended.
fn shut_down(runtime: Runtime, time: Time) -> bool {
    if let Some(left) = time.left() {
        runtime.shutdown_timeout(left);
        time.left().is_some_and(|left| !left.is_zero())
    } else {
        drop(runtime);
        true
    }
}

impl<T: Send + 'static> ReleaseMut for JoinHandle<T> {
    async fn release_mut(&mut self) -> Result<(), String> {
        match self.await {
            Ok(output) => read_output(&output),
            Err(error) => {
                resume_panic(error);
                Ok(())
            }
        }
    }
}

impl<T: Send + 'static> ReleaseMut for JoinSet<T> {
    async fn release_mut(&mut self) -> Result<(), String> {
        let (mut errors, mut failed) = (Vec::new(), None);
        while let Some(result) = self.join_next().await {
            match result {
                Ok(output) => errors.extend(read_output(&output).err()),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        // Only now, because every task has to end before the first panic is resumed.
        if let Some(error) = failed {
            resume_panic(error);
        }
        if errors.is_empty() { Ok(()) } else { Err(errors.join("; ")) }
    }
}

/// Resumes the panic of a task, so that the report lists a panic. An aborted task has simply ended.
fn resume_panic(error: JoinError) {
    if let Ok(panic) = error.try_into_panic() {
        resume_unwind(panic);
    }
}

owned! {
    mut:
    [T: Send + 'static] JoinHandle<T>;
    [T: Send + 'static] JoinSet<T>;
}

dropped! {
    false:
    [T: Send + 'static] mpsc::Sender<T>;
    [T: Send + 'static] mpsc::UnboundedSender<T>;
    [T: Send + 'static] broadcast::Sender<T>;
    [T: Send + Sync + 'static] watch::Sender<T>;
}
