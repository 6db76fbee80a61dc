//! Waits for something to happen, and names what did not happen.

use std::time::Duration;

/// The longest time that a test waits. It is longer than the grace of every example.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// Returns the output of `future`.
///
/// # Panics
///
/// The future does not complete within [`TIMEOUT`].
#[track_caller]
pub fn soon<F: Future>(what: &str, future: F) -> impl Future<Output = F::Output> {
    let caller = std::panic::Location::caller();
    async move {
        let output = tokio::time::timeout(TIMEOUT, future).await;
        output.unwrap_or_else(|_| panic!("{caller}: {what} did not happen within {TIMEOUT:?}"))
    }
}

/// Asks a server or a file every 5 ms until the condition holds.
///
/// # Panics
///
/// The condition does not hold within [`TIMEOUT`].
#[track_caller]
pub fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) -> impl Future<Output = ()> {
    soon(what, async move {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
}
