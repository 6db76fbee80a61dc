//! Every line that ends in `// banned` is warned of, and no other.

fn main() {
    let _ = (tasks as fn() -> _, signals as fn() -> _, ends as fn(), fine as fn() -> _, other);
}

async fn tasks() {
    let _ = tokio::spawn(async {}).await; // banned
    let _ = tokio::task::spawn(async {}).await; // banned
    let _ = tokio::task::spawn_blocking(|| {}).await; // banned
    let handle = tokio::runtime::Handle::current();
    let _ = handle.spawn(async {}).await; // banned
    let _ = handle.spawn_blocking(|| {}).await; // banned
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _ = runtime.spawn(async {}).await; // banned
    let _ = runtime.spawn_blocking(|| {}).await; // banned
}

async fn signals() {
    let _ = tokio::signal::ctrl_c().await; // banned
    let kind = tokio::signal::unix::SignalKind::terminate();
    let _ = tokio::signal::unix::signal(kind); // banned
}

fn ends() {
    std::process::exit(1); // banned
}

#[tokio::main] // banned
async fn other() {}

async fn fine() {
    let _ = lifecycle::spawn(async {}).await;
    let _ = lifecycle::spawn_blocking(|| {}).await;
    lifecycle::stopping().await;
    lifecycle::shutdown("done");
    #[expect(clippy::disallowed_methods, reason = "a test of the exception")]
    let _ = tokio::spawn(async {}).await;
}
