//! The connection to NATS, and its stream.

use anyhow::Context as _;
use async_nats::jetstream::{self, Context, consumer, stream};
use lifecycle::consumer::JetStream;
use lifecycle::{Managed, Start};

use crate::settings::Settings;

pub(crate) const STREAM: &str = "events";
/// The name of the consumer. The server stores the position of each consumer by its name.
const CONSUMER: &str = "journal";

#[lifecycle::resource]
pub(crate) struct Nats {
    #[teardown] // flushes and drains the connection
    client: async_nats::Client,
    pub(crate) context: Context,
}

#[lifecycle::start(timeout = "2s", retry = "5s")]
impl Start for Nats {
    async fn start(settings: Managed<Settings>) -> anyhow::Result<Nats> {
        let client =
            async_nats::connect(&settings.nats).await.context("cannot connect to NATS: check `NATS_URL`")?;
        let context = jetstream::new(client.clone());
        Ok(Nats { client, context })
    }
}

impl Nats {
    /// Returns the stream of all subjects that begin with `events.`. Creates the stream if it does not exist.
    pub(crate) async fn stream(&self) -> anyhow::Result<stream::Stream> {
        let stream = stream::Config {
            name: STREAM.to_owned(),
            subjects: vec![format!("{STREAM}.>")],
            ..stream::Config::default()
        };
        self.context.get_or_create_stream(stream).await.context("cannot create the stream `events`")
    }

    /// Returns the source of the events.
    pub(crate) async fn events(&self) -> anyhow::Result<JetStream> {
        let consumer = consumer::pull::Config {
            durable_name: Some(CONSUMER.to_owned()),
            ..consumer::pull::Config::default()
        };
        let consumer = self.stream().await?.get_or_create_consumer(CONSUMER, consumer).await;
        Ok(JetStream::new(&self.context, consumer.context("cannot create the consumer `journal`")?))
    }
}
