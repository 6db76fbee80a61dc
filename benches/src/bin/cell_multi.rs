//! A cell on a multi-thread runtime.
#[path = "../cell.rs"]
mod cell;

#[lifecycle::main(grace = "500ms", worker_threads = 2)]
async fn main() {
    cell::run().await;
}
