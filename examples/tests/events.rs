//! The events, their writer stopped by SIGTERM while they come: what is in the file is what NATS says is acknowledged.

mod servers;
mod service;

use std::collections::HashSet;
use std::path::Path;

use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::{self, Context};
use servers::{Servers, refusal, until};
use service::Service;

/// How many events there are, and how often their writer is stopped meanwhile.
const EVENTS: usize = 20_000;
const STOPS: usize = 4;

async fn publish(context: Context, stream: String) {
    for hundred in 0..EVENTS / 100 {
        let mut taken = Vec::new();
        for number in hundred * 100..(hundred + 1) * 100 {
            let event = format!("event-{number}");
            taken.push(context.publish(format!("{stream}.test"), event.into()).await.expect("NATS answers"));
        }
        for taken in taken {
            taken.await.expect("NATS takes it");
        }
    }
}

fn text(file: &Path) -> String {
    std::fs::read_to_string(file).expect("it is there")
}

/// The lines of the file, each of which is there once. Not while it is written: half a line looks like another.
fn lines(file: &Path) -> HashSet<String> {
    let text = text(file);
    let lines: HashSet<_> = text.lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), text.lines().count(), "some are there twice");
    lines
}

/// How many of the events are acknowledged, by the server's account.
async fn acknowledged(context: &Context) -> usize {
    let mut consumer: PullConsumer =
        context.get_consumer_from_stream("journal", "events").await.expect("the service has made it");
    let info = consumer.info().await.expect("NATS answers");
    usize::try_from(info.delivered.stream_sequence).expect("it is small") - info.num_ack_pending
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_under_load_writes_what_is_in_the_pipeline_and_nothing_twice() {
    let servers = Servers::start(&["nats"]);
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("events-{}.txt", std::process::id()));
    let settings =
        [("NATS_URL", servers.url("NATS_URL")), ("EVENTS_FILE", file.to_str().expect("it has a plain name"))];
    let context = jetstream::new(async_nats::connect(settings[0].1).await.expect("NATS answers"));

    let mut publishing = None;
    for stop in 1..=STOPS {
        let writer = Service::start("events", &settings).await;
        publishing.get_or_insert_with(|| tokio::spawn(publish(context.clone(), writer.address.clone())));
        let enough = EVENTS / (STOPS + 1) * stop;
        until("events", async || text(&file).lines().count() >= enough).await;
        writer.terminate();
        let (status, stderr) = writer.ended().await;
        assert_eq!(status.code(), Some(0), "{stderr}");

        let written = lines(&file).len();
        println!("stop {stop}: {written} events written\n{stderr}");
        assert!(written < EVENTS, "it was not stopped under load");
        // What was in hand was written, and not handed back because nobody wrote any more.
        assert!(!stderr.contains("could not be handled"), "{stderr}");
        assert_eq!(acknowledged(&context).await, written);
    }
    publishing.expect("it was started").await.expect("it went well");

    let writer = Service::start("events", &settings).await;
    until("every event", async || acknowledged(&context).await == EVENTS).await;
    writer.terminate();
    let (status, stderr) = writer.ended().await;
    assert_eq!(status.code(), Some(0), "{stderr}");
    assert_eq!(lines(&file), (0..EVENTS).map(|number| format!("event-{number}")).collect());
    std::fs::remove_file(&file).expect("it is ours");
}

/// Nothing listens on port 1.
#[tokio::test]
async fn a_server_that_is_not_there_is_named_and_the_exit_status_is_1() {
    let unset = refusal("events", &[], &[]).await;
    assert!(unset.contains("`NATS_URL` is not set: it says where NATS is"), "{unset}");
    let refused = refusal("events", &[], &[("NATS_URL", "nats://127.0.0.1:1")]).await;
    assert!(refused.contains("connect to NATS: check `NATS_URL`"), "{refused}");
}
