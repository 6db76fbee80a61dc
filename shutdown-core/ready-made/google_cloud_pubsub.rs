use google_cloud_pubsub::client::Publisher;
use google_cloud_pubsub::subscriber::ShutdownToken;

lifecycle::known_types! {
    Publisher, "the messages of the batches that are not sent yet", "flush_all";
    ShutdownToken, "acknowledgements on their way, so that messages come again", "shutdown";
}

trait FlushAll {
    async fn flush_all(&self);
}

impl FlushAll for Publisher {
    async fn flush_all(&self) {
        self.flush().await;
        lifecycle::unconfirmed("a flush of Pub/Sub returns no errors");
    }
}

#[lifecycle::resource]
pub struct Topics {
    #[teardown]
    pub orders: Publisher,
    #[teardown]
    pub subscription: ShutdownToken,
}
