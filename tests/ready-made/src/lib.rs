//! What the tests share. Each test includes a file of the docs.

use lifecycle::{Lifecycle, Report, Resource};

/// Tears one resource down, which has to succeed.
///
/// # Panics
///
/// Panics if the teardown fails.
pub async fn stopped<T: Resource>(resource: T) -> Report {
    let report = Lifecycle::builder().run(async move { drop(lifecycle::manage(resource)) }).await;
    assert!(report.is_clean(), "{report}");
    report
}
