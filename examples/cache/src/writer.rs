//! The background task that writes the views to Redis.

use std::convert::Infallible;
use std::time::Duration;

use lifecycle::Managed;

use crate::views::Views;

/// The time between two writes. A crash loses the views of this time.
const INTERVAL: Duration = Duration::from_secs(1);

/// Writes the views until the stop begins. The teardown writes the views of the last requests.
pub(crate) async fn write(views: Managed<Views>) -> Result<(), Infallible> {
    while !lifecycle::is_stopping() {
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            () = lifecycle::stopping() => {}
        }
        // The write is outside of the `select!`, so that the stop does not interrupt it.
        if let Err(error) = views.write().await {
            eprintln!("cache: the views are not written yet: {error}");
        }
    }
    Ok(())
}
