//! Tasks of `tokio_util`: `task::TaskTracker`. Needs the feature `tokio-util`.
//!
//! | type | lost without release | a bare `#[teardown]` | who confirms |
//! |---|---|---|---|
//! | `task::TaskTracker` | its tasks are cut off | closes it, and waits for its tasks | the end of every task |
//!
//! The tracker does not tell its tasks to end. Without a `CancellationToken` that the program cancels before, or
//! [`stopping`](crate::stopping) in the task, the teardown waits until its time is over.

use tokio_util::task::TaskTracker;

use crate::release::Release;
use crate::release::known::known;

known! {
    [] TaskTracker: "tokio_util::task::TaskTracker",
    lost: "its tasks are cut off when the process exits",
    does: "closes it, and waits for its tasks to end",
    form: "TaskTracker";
}

#[diagnostic::do_not_recommend]
impl<List: 'static> Release<List> for TaskTracker {
    const BLOCKING: bool = false;

    async fn release(&self) -> Result<(), String> {
        self.close();
        self.wait().await;
        Ok(())
    }
}
