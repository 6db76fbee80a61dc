#[lifecycle::main(max_blocking_threads = 8, thread_name = "shop", worker_threads = 1, lame_duck = "0s")]
async fn main() {
    let thread = tokio::task::spawn_blocking(|| std::thread::current().name().map(str::to_owned));
    assert_eq!(thread.await.unwrap().as_deref(), Some("shop"));
}
