//! Tasks and channels of tokio: `JoinHandle`, `JoinSet`, `Sender`, `UnboundedSender`.
//!
//! | type | lost without release | a bare `#[teardown]` |
//! |---|---|---|
//! | `task::JoinHandle` | the task is cut off, and its panic is lost | in a `Slot` or a `Mutex` of tokio: waits for the task |
//! | `task::JoinSet` | its tasks are aborted or cut off | in a `Mutex`: waits for its tasks |
//! | `mpsc::Sender`, `mpsc::UnboundedSender` | the receiver waits for ever | in a `Slot`: drops it |

use std::future::Future;
use std::panic::resume_unwind;

use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle, JoinSet};

use super::known::known;
use super::owned::{ReleaseMut, dropped, owned};

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
}

impl<T: Send + 'static> ReleaseMut for JoinHandle<T> {
    async fn release_mut(&mut self) -> Result<(), String> {
        resume_panic(self.await);
        Ok(())
    }
}

impl<T: Send + 'static> ReleaseMut for JoinSet<T> {
    async fn release_mut(&mut self) -> Result<(), String> {
        let mut failed = None;
        while let Some(result) = self.join_next().await {
            failed = failed.or(result.err());
        }
        // Only now, because every task has to end before the first panic is resumed.
        if let Some(error) = failed {
            resume_panic::<T>(Err(error));
        }
        Ok(())
    }
}

/// Resumes the panic of a task, so that the report lists a panic. An aborted task has simply ended.
fn resume_panic<T>(result: Result<T, JoinError>) {
    if let Err(error) = result
        && let Ok(panic) = error.try_into_panic()
    {
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
}
