//! Writes behind.

use std::convert::Infallible;
use std::time::Duration;

use lifecycle::Managed;

use crate::views::Views;

/// What a crash costs.
const EVERY: Duration = Duration::from_secs(1);

/// Until the stop begins. What is counted after that, while the last requests are served, is the teardown's.
pub(crate) async fn write(views: Managed<Views>) -> Result<(), Infallible> {
    while !lifecycle::is_stopping() {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = lifecycle::stopping() => {}
        }
        // Not inside the `select!`: a write that has begun is finished.
        if let Err(error) = views.write().await {
            eprintln!("cache: not written yet: {error}");
        }
    }
    Ok(())
}
