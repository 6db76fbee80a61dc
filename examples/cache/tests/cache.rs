//! The cache, stopped by SIGTERM while pages are viewed. The test counts the views at Redis.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use harness::{Answer, Connection, Method, Servers, Service, StatusCode, refusal, soon, until};
use redis::AsyncCommands as _;
use tokio::task::JoinSet;

const CACHE: &str = env!("CARGO_BIN_EXE_cache");

/// The number of visitors at once, and of pages.
const VISITORS: usize = 16;
const PAGES: usize = 3;
/// The number of stops, and of views before each stop.
const STOPS: u64 = 4;
const VIEWS: u64 = 500;

/// Views a page on a new connection. Returns `None` if the cache refuses the connection.
async fn view(cache: SocketAddr, page: &str) -> Option<io::Result<Answer>> {
    let mut connection = Connection::open(cache).await.ok()?;
    let path = format!("/{page}");
    Some(soon("an answer", connection.request(Method::POST, &path, "")).await)
}

/// Views a page until the cache refuses connections. Returns the page and the number of answers.
async fn visit(cache: SocketAddr, page: String, views: Arc<AtomicU64>) -> (String, u64) {
    let mut answered = 0;
    while let Some(answer) = view(cache, &page).await {
        let answer = answer.expect("each accepted connection gets an answer");
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.body);
        answered += 1;
        views.fetch_add(1, Ordering::Relaxed);
    }
    (page, answered)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_under_load_leaves_every_view_that_was_answered_at_redis_once() {
    let servers = Servers::start(&["redis"]);
    let url = servers.url("REDIS_URL");
    let client = redis::Client::open(url).expect("the URL is valid");
    let mut redis = client.get_multiplexed_async_connection().await.expect("Redis answers");
    let mut answered: HashMap<String, u64> = HashMap::new();
    for stop in 1..=STOPS {
        let cache = Service::start(CACHE, &[], &[("REDIS_URL", url)]).await;
        let views = Arc::new(AtomicU64::new(0));
        let mut visitors = JoinSet::new();
        for visitor in 0..VISITORS {
            let page = format!("page{}", visitor % PAGES);
            visitors.spawn(visit(cache.socket(), page, Arc::clone(&views)));
        }
        until("enough views", async || views.load(Ordering::Relaxed) >= VIEWS).await;
        let stderr = cache.stopped().await;
        while let Some(visitor) = visitors.join_next().await {
            let (page, views) = visitor.expect("a visitor does not panic");
            *answered.entry(page).or_default() += views;
        }
        let written: HashMap<String, u64> = redis.hgetall("views").await.expect("Redis answers");
        println!("stop {stop}: {written:?}\n{stderr}");
        assert_eq!(written, answered);
    }
}

/// No server listens on port 1.
#[tokio::test]
async fn a_missing_server_is_named_and_the_exit_status_is_1() {
    let unset = refusal(CACHE, &[], &[]).await;
    assert!(unset.contains("`REDIS_URL` is not set: run `examples/servers redis`"), "{unset}");
    let refused = refusal(CACHE, &[], &[("REDIS_URL", "redis://127.0.0.1:1")]).await;
    assert!(refused.contains("cannot connect to Redis: check `REDIS_URL`"), "{refused}");
}
