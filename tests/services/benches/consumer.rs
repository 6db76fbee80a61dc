//! Compares the cost of one message in a consumer with code by hand that can also be stopped: a loop for a concurrency
//! of 1, a `JoinSet` for 64.
//!
//! Two sources: messages in memory, which show what the consumer itself costs, and entries of a Redis stream, each of
//! which is acknowledged. Both sides share one runtime and take turns. A turn is a whole run over one block, timed from
//! the first handler to the last one.
//!
//! `cargo bench -p lifecycle-services-tests`, or with `-- memory` or `-- redis` for one of the sources.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lifecycle::Lifecycle;
use lifecycle::consumer::{Consumer, Error, Receipt, RedisStream, Source};
use lifecycle_services_tests::Redis;
use redis::aio::MultiplexedConnection;
use redis::streams::{StreamReadOptions, StreamReadReply};
use redis::{AsyncCommands as _, AsyncConnectionConfig, Client};
use tokio::sync::Notify;
use tokio::task::JoinSet;

const CONCURRENCIES: [usize; 2] = [1, 64];
/// How many entries one read of the stream takes.
const COUNT: usize = 64;

fn main() {
    // A test run only checks that the benchmark builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let is_wanted = |name: &str| {
        let mut names = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).peekable();
        names.peek().is_none() || names.any(|argument| argument == name)
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime");
    if is_wanted("memory") {
        for concurrency in CONCURRENCIES {
            runtime.block_on(in_memory(concurrency));
        }
    }
    if is_wanted("redis") {
        let redis = Redis::start();
        let client = Client::open(redis.url()).expect("an address");
        for concurrency in CONCURRENCIES {
            runtime.block_on(from_redis(&client, concurrency));
        }
    }
    println!("goal  a ratio of at most 1.05 to the loop, and of at most 1.10 to the `JoinSet`");
}

async fn in_memory(concurrency: usize) {
    const MESSAGES: usize = 100_000;
    let mut pairs = Pairs::default();
    for _ in 0..100 {
        let block = Block::of(MESSAGES);
        by_hand(InMemory(0..MESSAGES), concurrency, &block).await;
        let by_hand = block.time();
        let block = Block::of(MESSAGES);
        consumer(InMemory(0..MESSAGES), concurrency, &block).await;
        pairs.add(by_hand, block.time());
    }
    pairs.print(&format!("in memory, concurrency {concurrency}"));
}

async fn from_redis(client: &Client, concurrency: usize) {
    const ENTRIES: usize = 2_000;
    let mut pairs = Pairs::default();
    for turn in 0..100 {
        let stream = format!("by-hand-{concurrency}-{turn}");
        fill(client, &stream, ENTRIES).await;
        let block = Block::of(ENTRIES);
        by_hand(ByHand::open(client, &stream).await, concurrency, &block).await;
        let by_hand = block.time();
        let stream = format!("consumer-{concurrency}-{turn}");
        fill(client, &stream, ENTRIES).await;
        let block = Block::of(ENTRIES);
        let source = RedisStream::open(client, &stream, "group", "one").await.expect("a stream").count(COUNT);
        consumer(source, concurrency, &block).await;
        pairs.add(by_hand, block.time());
    }
    pairs.print(&format!("a Redis stream, concurrency {concurrency}"));
}

/// A turn of the consumer.
async fn consumer<S: Source + 'static>(source: S, concurrency: usize, block: &Arc<Block>) {
    let lifecycle = Lifecycle::builder().grace(Duration::from_secs(10)).build();
    let block = Arc::clone(block);
    let consumer = Consumer::new(source).concurrency(concurrency);
    let run = consumer.run(move |_| {
        let block = Arc::clone(&block);
        async move {
            if block.handled() {
                lifecycle::shutdown("all handled");
            }
        }
    });
    let report = lifecycle.run(run).await;
    assert!(report.is_clean(), "{report}");
}

/// A turn by hand: what a program does that can be stopped, and that does nothing else at its stop.
async fn by_hand<S: Source>(mut source: S, concurrency: usize, block: &Arc<Block>) {
    let stop = Arc::new(Notify::new());
    let mut stopped = std::pin::pin!(stop.notified());
    let mut tasks = JoinSet::new();
    loop {
        let next = tokio::select! {
            biased;
            () = &mut stopped => break,
            next = source.next() => next,
        };
        // The messages in memory end before the stop.
        let Some(next) = next else { break };
        let (_, receipt) = next.expect("a message");
        let (block, stop) = (Arc::clone(block), Arc::clone(&stop));
        let work = async move {
            if block.handled() {
                stop.notify_waiters();
            }
            receipt.ack().await.expect("the broker knows it");
        };
        if concurrency == 1 {
            work.await;
            continue;
        }
        tasks.spawn(work);
        if tasks.len() == concurrency {
            tasks.join_next().await.expect("a task").expect("it does not panic");
        }
    }
    while let Some(ended) = tasks.join_next().await {
        ended.expect("it does not panic");
    }
}

/// Messages that cost nothing.
struct InMemory(Range<usize>);

struct Nothing;

impl Source for InMemory {
    type Message = usize;
    type Receipt = Nothing;

    async fn next(&mut self) -> Option<Result<(usize, Nothing), Error>> {
        match self.0.next() {
            Some(number) => Some(Ok((number, Nothing))),
            // A stop comes, unless the stop is what has asked.
            None => tokio::time::timeout(Duration::from_millis(1), std::future::pending()).await.ok(),
        }
    }

    async fn cancel(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

impl Receipt for Nothing {
    async fn ack(self) -> Result<(), Error> {
        Ok(())
    }

    async fn requeue(self) -> Result<(), Error> {
        Ok(())
    }
}

/// Reads a stream with nothing but the client library.
struct ByHand {
    reading: MultiplexedConnection,
    answering: MultiplexedConnection,
    stream: Arc<str>,
    options: StreamReadOptions,
    read: std::vec::IntoIter<String>,
}

impl ByHand {
    async fn open(client: &Client, stream: &str) -> ByHand {
        let patient = AsyncConnectionConfig::new().set_response_timeout(None);
        let reading = client.get_multiplexed_async_connection_with_config(&patient).await;
        ByHand {
            reading: reading.expect("a connection"),
            answering: client.get_multiplexed_async_connection().await.expect("a connection"),
            stream: stream.into(),
            options: StreamReadOptions::default().group("group", "one").count(COUNT).block(2_000),
            read: Vec::new().into_iter(),
        }
    }
}

struct Entry {
    answering: MultiplexedConnection,
    stream: Arc<str>,
    id: String,
}

impl Source for ByHand {
    type Message = ();
    type Receipt = Entry;

    async fn next(&mut self) -> Option<Result<((), Entry), Error>> {
        loop {
            if let Some(id) = self.read.next() {
                let (answering, stream) = (self.answering.clone(), Arc::clone(&self.stream));
                return Some(Ok(((), Entry { answering, stream, id })));
            }
            let reply: Option<StreamReadReply> =
                self.reading.xread_options(&[&*self.stream], &[">"], &self.options).await.expect("entries");
            let entries = reply.into_iter().flat_map(|reply| reply.keys).flat_map(|key| key.ids);
            self.read = entries.map(|entry| entry.id).collect::<Vec<_>>().into_iter();
        }
    }

    async fn cancel(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

impl Receipt for Entry {
    async fn ack(mut self) -> Result<(), Error> {
        let _: u64 = self.answering.xack(&*self.stream, "group", &[&self.id]).await?;
        Ok(())
    }

    async fn requeue(self) -> Result<(), Error> {
        Ok(())
    }
}

async fn fill(client: &Client, stream: &str, entries: usize) {
    let mut connection = client.get_multiplexed_async_connection().await.expect("a connection");
    let mut pipe = redis::pipe();
    for _ in 0..entries {
        pipe.xadd(stream, "*", &[("id", "an order")]).ignore();
    }
    pipe.exec_async(&mut connection).await.expect("entries");
    let made: Result<(), _> = connection.xgroup_create_mkstream(stream, "group", "0").await;
    made.expect("a group");
}

/// The wall-clock time and the processor time of this process.
type Times = (Duration, Duration);

/// One turn: counts its messages, and notes when the first and the last one were handled.
struct Block {
    messages: usize,
    seen: AtomicUsize,
    begun_and_ended: Mutex<[Times; 2]>,
}

impl Block {
    fn of(messages: usize) -> Arc<Block> {
        Arc::new(Block { messages, seen: AtomicUsize::new(0), begun_and_ended: Mutex::default() })
    }

    /// Handles one message. Returns whether it was the last one.
    fn handled(&self) -> bool {
        let seen = self.seen.fetch_add(1, Ordering::Relaxed);
        let is_last = seen + 1 == self.messages;
        if seen == 0 || is_last {
            self.begun_and_ended.lock().expect("nobody panics")[usize::from(is_last)] = now();
        }
        is_last
    }

    /// Returns the time of one message in microseconds.
    fn time(&self) -> [f64; 2] {
        let [begun, ended] = *self.begun_and_ended.lock().expect("nobody panics");
        let messages = f64::from(u32::try_from(self.messages).expect("not so many"));
        [ended.0 - begun.0, ended.1 - begun.1].map(|time| time.as_secs_f64() * 1e6 / messages)
    }
}

/// Returns the time since the first call, and the processor time of this process.
fn now() -> Times {
    static FIRST: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    // SAFETY: a `rusage` may be all zeros, and the kernel writes one.
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

/// Neighbouring turns by hand and of the consumer.
#[derive(Default)]
struct Pairs(Vec<[[f64; 2]; 2]>);

impl Pairs {
    fn add(&mut self, by_hand: [f64; 2], consumer: [f64; 2]) {
        self.0.push([by_hand, consumer]);
    }

    fn print(&self, what: &str) {
        println!("{what}, {} turns each, medians", self.0.len());
        for (at, clock) in ["wall", "CPU"].into_iter().enumerate() {
            let [_, by_hand, _] = quartiles(self.0.iter().map(|[by_hand, _]| by_hand[at]));
            let [_, consumer, _] = quartiles(self.0.iter().map(|[_, consumer]| consumer[at]));
            let [low, ratio, high] =
                quartiles(self.0.iter().map(|[by_hand, consumer]| consumer[at] / by_hand[at]));
            println!(
                "  {clock:<4}  by hand {by_hand:6.3} us a message, consumer {consumer:6.3}; \
                 ratio {ratio:.3} of two neighbours, quartiles {low:.3} and {high:.3}"
            );
        }
    }
}

fn quartiles(values: impl Iterator<Item = f64>) -> [f64; 3] {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    [values[values.len() / 4], values[values.len() / 2], values[values.len() * 3 / 4]]
}
