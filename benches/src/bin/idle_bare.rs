//! A program that waits for the signal, and then exits.

use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() {
    let mut terminate = signal(SignalKind::terminate()).expect("a handler");
    println!("ready");
    terminate.recv().await;
}
