//! The events, stopped by SIGTERM under load. The file has exactly the events that are acknowledged at NATS.

use std::collections::HashSet;
use std::path::Path;

use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::{self, Context};
use harness::{Servers, Service, refusal, until};

const PROGRAM: &str = env!("CARGO_BIN_EXE_events");

/// The number of events, and of stops.
const EVENTS: usize = 20_000;
const STOPS: usize = 4;

async fn publish(context: Context, stream: String) {
    for hundred in 0..EVENTS / 100 {
        let mut acknowledgements = Vec::new();
        for number in hundred * 100..(hundred + 1) * 100 {
            let event = format!("event-{number}");
            let published = context.publish(format!("{stream}.test"), event.into()).await;
            acknowledgements.push(published.expect("NATS answers"));
        }
        for acknowledgement in acknowledgements {
            acknowledgement.await.expect("NATS stores the event");
        }
    }
}

fn text(file: &Path) -> String {
    std::fs::read_to_string(file).expect("the file is readable")
}

/// Returns the lines of the file, and checks that no line is there twice. The service must not be running, because half
/// a line would look like another event.
fn lines(file: &Path) -> HashSet<String> {
    let text = text(file);
    let lines: HashSet<_> = text.lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), text.lines().count(), "an event is there twice");
    lines
}

/// Returns the number of events that NATS counts as acknowledged.
async fn acknowledged(context: &Context) -> usize {
    let mut consumer: PullConsumer = context
        .get_consumer_from_stream("journal", "events")
        .await
        .expect("the service has created the consumer");
    let info = consumer.info().await.expect("NATS answers");
    usize::try_from(info.delivered.stream_sequence).expect("the number is small") - info.num_ack_pending
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_under_load_writes_what_is_in_the_pipeline_and_nothing_twice() {
    let servers = Servers::start(&["nats"]);
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("events-{}.txt", std::process::id()));
    let settings =
        [("NATS_URL", servers.url("NATS_URL")), ("EVENTS_FILE", file.to_str().expect("the path is UTF-8"))];
    let context = jetstream::new(async_nats::connect(settings[0].1).await.expect("NATS answers"));

    let mut publishing = None;
    for stop in 1..=STOPS {
        let writer = Service::start(PROGRAM, &[], &settings).await;
        publishing.get_or_insert_with(|| tokio::spawn(publish(context.clone(), writer.address.clone())));
        let enough = EVENTS / (STOPS + 1) * stop;
        until("enough events", async || text(&file).lines().count() >= enough).await;
        let stderr = writer.stopped().await;

        let written = lines(&file).len();
        println!("stop {stop}: {written} events written\n{stderr}");
        assert!(written < EVENTS, "the stop was not under load");
        // Every event in flight was written. None returned to NATS because the writer had ended.
        assert!(!stderr.contains("could not be handled"), "{stderr}");
        assert_eq!(acknowledged(&context).await, written);
    }
    publishing.expect("the loop has started it").await.expect("the publisher does not panic");

    let writer = Service::start(PROGRAM, &[], &settings).await;
    until("every event", async || acknowledged(&context).await == EVENTS).await;
    writer.stopped().await;
    assert_eq!(lines(&file), (0..EVENTS).map(|number| format!("event-{number}")).collect());
    std::fs::remove_file(&file).expect("the test owns the file");
}

/// No server listens on port 1.
#[tokio::test]
async fn a_missing_server_is_named_and_the_exit_status_is_1() {
    let unset = refusal(PROGRAM, &[], &[]).await;
    assert!(unset.contains("`NATS_URL` is not set: run `examples/servers nats`"), "{unset}");
    let refused = refusal(PROGRAM, &[], &[("NATS_URL", "nats://127.0.0.1:1")]).await;
    assert!(refused.contains("cannot connect to NATS: check `NATS_URL`"), "{refused}");
}
