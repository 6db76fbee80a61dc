//! The fixture on a multi-thread runtime with two workers.

use std::error::Error;

#[lifecycle::main(worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    lifecycle_http_tests::service::run().await
}
