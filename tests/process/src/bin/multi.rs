//! The scenarios on a multi-thread runtime with two workers.

#[path = "../scenario/mod.rs"]
mod scenario;

#[lifecycle::main(worker_threads = 2)]
async fn main() -> Result<(), String> {
    scenario::run().await
}
