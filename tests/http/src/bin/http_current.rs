//! The fixture on a current-thread runtime.

use std::error::Error;

#[lifecycle::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    lifecycle_http_tests::service::run().await
}
