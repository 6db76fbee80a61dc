//! What a consumer costs a message over a loop by hand with the same client: entries of a Redis stream, one after the
//! other, each acknowledged before the next. Both live on one runtime, and take turns: a block of entries each, while
//! the other stands still. `cargo bench -p lifecycle-services-tests`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lifecycle::Lifecycle;
use lifecycle::consumer::{Consumer, RedisStream};
use lifecycle_services_tests::Redis;
use redis::streams::{StreamReadOptions, StreamReadReply};
use redis::{AsyncCommands as _, AsyncConnectionConfig, Client};
use tokio::sync::Notify;

const BLOCK: usize = 1_000;
const BLOCKS: usize = 200;
const COUNT: usize = 64;

fn main() {
    // A run of the tests looks only whether it builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let redis = Redis::start();
    let client = Client::open(redis.url()).expect("an address");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let (by_hand, ours) = runtime.expect("a runtime").block_on(measure(client));
    println!("{BLOCKS} blocks of {BLOCK} entries of a Redis stream each, medians");
    for (what, figure) in [("wall", wall as fn(&Block) -> f64), ("CPU", cpu)] {
        let [by_hand, ours] = [&by_hand, &ours].map(|blocks| blocks.iter().map(figure).collect::<Vec<_>>());
        let (low, ratio, high) = quartiles(ours.iter().zip(&by_hand).map(|(ours, by_hand)| ours / by_hand));
        let [by_hand, ours] = [by_hand, ours].map(|figures| quartiles(figures.into_iter()).1);
        println!(
            "{what:<4}  by hand {by_hand:5.2} us an entry, consumer {ours:5.2}; \
             ratio {ratio:.3} of two neighbours, quartiles {low:.3} and {high:.3}"
        );
    }
    println!("goal  a ratio of at most 1.03");
}

/// Of one block: how long it took, and how much of a processor this process took meanwhile.
type Block = (Duration, Duration);

fn wall(block: &Block) -> f64 {
    micros_an_entry(block.0)
}

fn cpu(block: &Block) -> f64 {
    micros_an_entry(block.1)
}

fn micros_an_entry(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6 / f64::from(u32::try_from(BLOCK).expect("not so many"))
}

fn quartiles(values: impl Iterator<Item = f64>) -> (f64, f64, f64) {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    (values[values.len() / 4], values[values.len() / 2], values[values.len() * 3 / 4])
}

async fn measure(client: Client) -> (Vec<Block>, Vec<Block>) {
    let (first, second) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let by_hand = Arc::new(Side::new(&first, &second));
    let ours = Arc::new(Side::new(&second, &first));
    let loops = (
        tokio::spawn(hand(client.clone(), fill(&client, "hand").await, Arc::clone(&by_hand))),
        tokio::spawn(consumer(client.clone(), fill(&client, "consumer").await, Arc::clone(&ours))),
    );
    first.notify_one();
    loops.0.await.expect("the loop ends");
    loops.1.await.expect("the consumer ends");
    (by_hand.blocks(), ours.blocks())
}

/// One of the two.
struct Side {
    seen: AtomicUsize,
    mine: Arc<Notify>,
    other: Arc<Notify>,
    begun: Mutex<Block>,
    blocks: Mutex<Vec<Block>>,
}

impl Side {
    fn new(mine: &Arc<Notify>, other: &Arc<Notify>) -> Side {
        Side {
            seen: AtomicUsize::new(0),
            mine: Arc::clone(mine),
            other: Arc::clone(other),
            begun: Mutex::default(),
            blocks: Mutex::default(),
        }
    }

    /// What handles an entry, in both: it counts, and gives the turn to the other at the end of a block. Whether that
    /// was the last.
    async fn handle(&self) -> bool {
        let seen = self.seen.fetch_add(1, Ordering::Relaxed);
        if seen.is_multiple_of(BLOCK) {
            if seen > 0 {
                let (now, begun) = (now(), *self.begun.lock().expect("nobody panics"));
                self.blocks.lock().expect("nobody panics").push((now.0 - begun.0, now.1 - begun.1));
                self.other.notify_one();
            }
            if seen == BLOCK * BLOCKS {
                return true;
            }
            self.mine.notified().await;
            *self.begun.lock().expect("nobody panics") = now();
        }
        false
    }

    fn blocks(&self) -> Vec<Block> {
        std::mem::take(&mut self.blocks.lock().expect("nobody panics"))
    }
}

/// Since the first call; and the processor time of this process.
fn now() -> Block {
    static FIRST: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    // SAFETY: all zeros are a `rusage`, and the kernel writes one.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &raw mut usage);
        usage
    };
    let time = |time: libc::timeval| {
        let part = |part: i64| u64::try_from(part).expect("time does not run backwards");
        Duration::from_secs(part(time.tv_sec)) + Duration::from_micros(part(time.tv_usec))
    };
    (FIRST.elapsed(), time(usage.ru_utime) + time(usage.ru_stime))
}

/// A stream with all entries, and one behind them, at which the last block is over.
async fn fill(client: &Client, name: &'static str) -> &'static str {
    let mut connection = client.get_multiplexed_async_connection().await.expect("a connection");
    for block in 0..=BLOCKS {
        let mut pipe = redis::pipe();
        for _ in 0..if block < BLOCKS { BLOCK } else { 1 } {
            pipe.xadd(name, "*", &[("id", "an order")]).ignore();
        }
        pipe.exec_async(&mut connection).await.expect("entries");
    }
    let made: Result<(), _> = connection.xgroup_create_mkstream(name, "group", "0").await;
    made.expect("a group");
    name
}

async fn hand(client: Client, stream: &'static str, side: Arc<Side>) {
    let patient = AsyncConnectionConfig::new().set_response_timeout(None);
    let reading = client.get_multiplexed_async_connection_with_config(&patient).await;
    let mut reading = reading.expect("a connection");
    let mut answering = client.get_multiplexed_async_connection().await.expect("a connection");
    let options = StreamReadOptions::default().group("group", "one").count(COUNT).block(2_000);
    loop {
        let reply: Option<StreamReadReply> =
            reading.xread_options(&[stream], &[">"], &options).await.expect("entries");
        for entry in reply.into_iter().flat_map(|reply| reply.keys).flat_map(|key| key.ids) {
            let last = side.handle().await;
            let heard: Result<u64, _> = answering.xack(stream, "group", &[&entry.id]).await;
            heard.expect("heard");
            if last {
                return;
            }
        }
    }
}

async fn consumer(client: Client, stream: &'static str, side: Arc<Side>) {
    let source = RedisStream::open(&client, stream, "group", "one").await.expect("a stream").count(COUNT);
    let lifecycle = Lifecycle::builder().grace(Duration::from_secs(10)).build();
    let report = lifecycle
        .run(async move {
            let run = Consumer::new(source).run(move |_| {
                let side = Arc::clone(&side);
                async move {
                    if side.handle().await {
                        lifecycle::shutdown("all seen");
                    }
                }
            });
            run.await
        })
        .await;
    assert!(report.is_clean(), "{report}");
}
