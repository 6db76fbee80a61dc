//! A fixture on a current-thread runtime.
#[path = "../scenario.rs"]
mod scenario;

#[lifecycle::main(grace = "1s", flavor = "current_thread")]
async fn main() {
    scenario::run().await;
}
