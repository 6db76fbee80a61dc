//! The wait for the connections of a pool that are in use. Every pool of this folder but sqlx's uses it.

use std::time::Duration;

use tokio::time::sleep;

use crate::resource::scope::TeardownScope;

/// How often a pool is asked for its connections in use, because it sends no event.
const POLL_INTERVAL: Duration = Duration::from_millis(2);

/// Waits until no connection is in use, for the time that the teardown has.
pub(super) async fn all_back(in_use: impl Fn() -> usize) -> Result<(), String> {
    let back = async {
        while in_use() > 0 {
            sleep(POLL_INTERVAL).await;
        }
    };
    match TeardownScope::current().in_time(back).await {
        Some(()) => Ok(()),
        None => never_given_back(in_use()),
    }
}

/// Returns the error that names the number of connections in use. With none, all of them came back after all.
pub(super) fn never_given_back(in_use: usize) -> Result<(), String> {
    match in_use {
        0 => Ok(()),
        1 => Err("a connection was never given back".to_owned()),
        count => Err(format!("{count} connections were never given back")),
    }
}
