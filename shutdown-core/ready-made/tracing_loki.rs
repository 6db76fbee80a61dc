use lifecycle::{Slot, Teardown};
use tokio::task::{JoinError, JoinHandle};
use tracing_loki::BackgroundTaskController;

lifecycle::known_types! {
    BackgroundTaskController, "the log lines in its queue", "shutdown";
}

#[lifecycle::resource(last)]
pub struct Loki {
    pub controller: BackgroundTaskController,
    pub task: Slot<JoinHandle<()>>,
}

#[lifecycle::teardown]
impl Teardown for Loki {
    async fn teardown(&self) -> Result<(), JoinError> {
        self.controller.shutdown().await;
        if let Some(task) = self.task.take() {
            task.await?;
        }
        lifecycle::unconfirmed("the answers of Loki are only logged");
        Ok(())
    }
}
