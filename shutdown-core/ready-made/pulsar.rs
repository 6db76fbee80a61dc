use pulsar::{Executor, Producer, TokioExecutor};
use tokio::sync::Mutex;

lifecycle::known_types! {
    impl<Exe: Executor> Producer<Exe>, "the messages of the batch that is not sent yet", "finish", take;
}

trait Finish {
    async fn finish(self) -> Result<(), pulsar::Error>;
}

impl<Exe: Executor> Finish for Producer<Exe> {
    async fn finish(mut self) -> Result<(), pulsar::Error> {
        drop(self.send_batch().await); // an error says that the producer has no batches
        self.close().await
    }
}

#[lifecycle::resource]
pub struct Orders {
    #[teardown]
    pub producer: Mutex<Option<Producer<TokioExecutor>>>,
}
