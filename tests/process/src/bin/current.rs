//! The scenarios on a current-thread runtime.

#[path = "../scenario/mod.rs"]
mod scenario;

#[lifecycle::main(flavor = "current_thread")]
async fn main() -> Result<(), String> {
    scenario::run().await
}
