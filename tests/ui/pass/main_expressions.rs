use std::time::Duration;

use lifecycle::ReportFormat;
use tokio::runtime::RuntimeFlavor;

const GRACE: Duration = Duration::from_secs(5 * 60);

mod settings {
    use std::time::Duration;

    pub const LAME_DUCK: Duration = Duration::from_secs(5);

    pub fn threads() -> usize {
        2
    }
}

fn name(of: &str) -> String {
    format!("{of}-worker")
}

#[lifecycle::main(
    grace = GRACE / 2,
    lame_duck = settings::LAME_DUCK,
    flavor = RuntimeFlavor::MultiThread,
    worker_threads = settings::threads(),
    max_blocking_threads = 4 * settings::threads(),
    thread_name = name("shop"),
    report = if cfg!(unix) { ReportFormat::Json } else { ReportFormat::Text },
)]
async fn main() {
    let handle = tokio::runtime::Handle::current();
    assert_eq!(handle.metrics().num_workers(), 2);
    let thread = tokio::spawn(async { std::thread::current().name().map(str::to_owned) });
    assert_eq!(thread.await.unwrap().as_deref(), Some("shop-worker"));
}
