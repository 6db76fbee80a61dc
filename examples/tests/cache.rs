//! The cache, stopped by SIGTERM while pages are viewed, and counted at Redis.

mod servers;
mod service;

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use redis::AsyncCommands as _;
use servers::{Servers, refusal, until};
use service::{Service, soon};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// How many come at once, to how many pages, how often the cache is stopped, and after how many views.
const VISITORS: usize = 16;
const PAGES: usize = 3;
const STOPS: u64 = 4;
const VIEWS: u64 = 500;

/// Views a page, on a connection of its own; `None` if the doors are closed.
async fn view(cache: &str, page: &str) -> Option<io::Result<String>> {
    let mut connection = TcpStream::connect(cache).await.ok()?;
    let request = format!("POST /{page} HTTP/1.1\r\nHost: cache\r\nConnection: close\r\n\r\n");
    let answer = async {
        connection.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await?;
        Ok(answer)
    };
    Some(soon("an answer", answer).await)
}

/// Views a page until the doors are closed; says how often that was answered.
async fn visit(cache: String, page: String, views: Arc<AtomicU64>) -> (String, u64) {
    let mut answered = 0;
    while let Some(answer) = view(&cache, &page).await {
        let answer = answer.expect("who is let in gets an answer");
        assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
        answered += 1;
        views.fetch_add(1, Ordering::Relaxed);
    }
    (page, answered)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_under_load_leaves_every_view_that_was_answered_at_redis_once() {
    let servers = Servers::start(&["redis"]);
    let url = servers.url("REDIS_URL");
    let client = redis::Client::open(url).expect("it is a URL");
    let mut redis = client.get_multiplexed_async_connection().await.expect("Redis answers");
    let mut answered: HashMap<String, u64> = HashMap::new();
    for stop in 1..=STOPS {
        let cache = Service::start("cache", &[("REDIS_URL", url)]).await;
        let address = cache.address.trim_start_matches("http://");
        let views = Arc::new(AtomicU64::new(0));
        let mut visitors = JoinSet::new();
        for visitor in 0..VISITORS {
            let page = format!("page{}", visitor % PAGES);
            visitors.spawn(visit(address.to_owned(), page, Arc::clone(&views)));
        }
        until("views", async || views.load(Ordering::Relaxed) >= VIEWS).await;
        cache.terminate();
        let (status, stderr) = cache.ended().await;
        assert_eq!(status.code(), Some(0), "{stderr}");
        while let Some(visitor) = visitors.join_next().await {
            let (page, views) = visitor.expect("it was answered well");
            *answered.entry(page).or_default() += views;
        }
        let written: HashMap<String, u64> = redis.hgetall("views").await.expect("Redis answers");
        println!("stop {stop}: {written:?}\n{stderr}");
        assert_eq!(written, answered);
    }
}

/// Nothing listens on port 1.
#[tokio::test]
async fn a_server_that_is_not_there_is_named_and_the_exit_status_is_1() {
    let unset = refusal("cache", &[], &[]).await;
    assert!(unset.contains("`REDIS_URL` is not set: it says where Redis is"), "{unset}");
    let refused = refusal("cache", &[], &[("REDIS_URL", "redis://127.0.0.1:1")]).await;
    assert!(refused.contains("connect to Redis: check `REDIS_URL`"), "{refused}");
}
