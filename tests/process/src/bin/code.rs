//! A program that ends with a status of its own.

use std::process::ExitCode;

#[lifecycle::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lifecycle::defer("farewell", || async { println!("farewell") });
    tokio::task::yield_now().await;
    ExitCode::from(3)
}
