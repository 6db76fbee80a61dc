//! The connection to NATS, and the stream in it.

use anyhow::Context as _;
use async_nats::jetstream::{self, Context, consumer, stream};
use lifecycle::consumer::JetStream;

pub(crate) const STREAM: &str = "events";
/// The name under which the server remembers how far we are.
const CONSUMER: &str = "journal";

#[lifecycle::resource]
pub(crate) struct Nats {
    #[teardown] // flushed and drained
    client: async_nats::Client,
    pub(crate) context: Context,
}

impl Nats {
    pub(crate) async fn open(url: &str) -> anyhow::Result<Nats> {
        let client = async_nats::connect(url).await.context("connect to NATS: check `NATS_URL`")?;
        let context = jetstream::new(client.clone());
        Ok(Nats { client, context })
    }

    /// Made where there is none: as `events.>`, everything that begins so.
    pub(crate) async fn stream(&self) -> anyhow::Result<stream::Stream> {
        let stream = stream::Config {
            name: STREAM.to_owned(),
            subjects: vec![format!("{STREAM}.>")],
            ..stream::Config::default()
        };
        self.context.get_or_create_stream(stream).await.context("the stream `events`")
    }

    pub(crate) async fn events(&self) -> anyhow::Result<JetStream> {
        let consumer = consumer::pull::Config {
            durable_name: Some(CONSUMER.to_owned()),
            ..consumer::pull::Config::default()
        };
        let consumer = self.stream().await?.get_or_create_consumer(CONSUMER, consumer).await;
        Ok(JetStream::new(&self.context, consumer.context("the consumer `journal`")?))
    }
}
