//! A cell on a current-thread runtime.
#[path = "../cell.rs"]
mod cell;

#[lifecycle::main(grace = "500ms", flavor = "current_thread")]
async fn main() {
    cell::run().await;
}
