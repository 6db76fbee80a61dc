//! A fixture on a multi-thread runtime.
#[path = "../scenario.rs"]
mod scenario;

#[lifecycle::main(grace = "1s", worker_threads = 2)]
async fn main() {
    scenario::run().await;
}
