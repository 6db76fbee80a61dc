//! What a consumer costs a message over a loop by hand with the same client: entries of a Redis stream, one after the
//! other, each acknowledged before the next. Both take turns; `cargo bench -p lifecycle-services-tests`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lifecycle::Lifecycle;
use lifecycle::consumer::{Consumer, RedisStream};
use lifecycle_services_tests::Redis;
use redis::streams::{StreamReadOptions, StreamReadReply};
use redis::{AsyncCommands as _, Client};

const ENTRIES: usize = 20_000;
const ROUNDS: usize = 15;
const COUNT: usize = 64;

fn main() {
    // A run of the tests looks only whether it builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let redis = Redis::start();
    let client = Client::open(redis.url()).expect("an address");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let (mut by_hand, mut ours) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        for turn in 0..2_usize {
            // Another begins each time.
            match (round + turn) % 2 {
                0 => by_hand.push(runtime.block_on(hand(&client))),
                _ => ours.push(runtime.block_on(consumer(&client))),
            }
        }
    }
    let ratios = ours.iter().zip(&by_hand).map(|(ours, by_hand)| ours.as_secs_f64() / by_hand.as_secs_f64());
    let mut ratios: Vec<f64> = ratios.collect();
    ratios.sort_unstable_by(f64::total_cmp);
    let [mut by_hand, mut ours] = [by_hand, ours];
    by_hand.sort_unstable();
    ours.sort_unstable();
    let entries = f64::from(u32::try_from(ENTRIES).expect("not so many"));
    let micros = |times: &[Duration]| times[ROUNDS / 2].as_secs_f64() * 1e6 / entries;
    println!("{ENTRIES} entries of a Redis stream, {ROUNDS} rounds, medians");
    println!("by hand   {:6.2} us an entry", micros(&by_hand));
    println!("consumer  {:6.2} us an entry", micros(&ours));
    let (low, median, high) = (ratios[ROUNDS / 4], ratios[ROUNDS / 2], ratios[ROUNDS * 3 / 4]);
    println!("ratio     {median:6.3} of two neighbours, quartiles {low:.3} and {high:.3}; goal 1.03");
}

/// A fresh stream, full.
async fn fill(client: &Client) -> String {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let name = format!("bench-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let mut connection = client.get_multiplexed_async_connection().await.expect("a connection");
    for _ in 0..ENTRIES / 1_000 {
        let mut pipe = redis::pipe();
        for _ in 0..1_000 {
            pipe.xadd(&name, "*", &[("id", "an order")]).ignore();
        }
        pipe.exec_async(&mut connection).await.expect("entries");
    }
    let made: Result<(), _> = connection.xgroup_create_mkstream(&name, "group", "0").await;
    made.expect("a group");
    name
}

async fn hand(client: &Client) -> Duration {
    let stream = fill(client).await;
    let mut reading = client.get_multiplexed_async_connection().await.expect("a connection");
    let mut answering = client.get_multiplexed_async_connection().await.expect("a connection");
    let options = StreamReadOptions::default().group("group", "one").count(COUNT).block(2_000);
    let begun = Instant::now();
    let mut seen = 0;
    while seen < ENTRIES {
        let reply: Option<StreamReadReply> =
            reading.xread_options(&[&stream], &[">"], &options).await.expect("entries");
        for entry in reply.into_iter().flat_map(|reply| reply.keys).flat_map(|key| key.ids) {
            let heard: Result<u64, _> = answering.xack(&stream, "group", &[&entry.id]).await;
            heard.expect("heard");
            seen += 1;
        }
    }
    begun.elapsed()
}

async fn consumer(client: &Client) -> Duration {
    let stream = fill(client).await;
    let source = RedisStream::open(client, &stream, "group", "one").await.expect("a stream").count(COUNT);
    let lifecycle = Lifecycle::builder().grace(Duration::from_secs(10)).build();
    let seen = Arc::new(AtomicUsize::new(0));
    let begun = Instant::now();
    let ended = Arc::new(std::sync::OnceLock::new());
    let all = Arc::clone(&ended);
    lifecycle
        .run(async move {
            let run = Consumer::new(source).run(move |_| {
                let (seen, all) = (Arc::clone(&seen), Arc::clone(&all));
                async move {
                    if seen.fetch_add(1, Ordering::Relaxed) + 1 == ENTRIES {
                        let _ = all.set(begun.elapsed());
                        lifecycle::shutdown("all seen");
                    }
                }
            });
            run.await
        })
        .await;
    *ended.get().expect("all were seen")
}
