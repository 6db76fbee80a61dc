//! Inserts of `clickhouse`: `insert::Insert`, `inserter::Inserter`. Needs the feature `clickhouse`.
//!
//! | type | lost without release | a bare `#[teardown]` | who confirms |
//! |---|---|---|---|
//! | `insert::Insert` | every row of the `INSERT`, which the server aborts | in a `Slot`: ends it, and waits for the answer | the server, which answers 200 after it has stored the rows |
//! | `inserter::Inserter` | the rows since the last commit | in a `Slot`: ends it, and waits for the answer | the server, which answers 200 after it has stored the rows |
//!
//! Not run against a server: the tests have an HTTP endpoint in its place. Needs Rust 1.89.
//!
//! - The teardown fails if the server is gone, answers with an error, or does not answer in time. It keeps 50 ms of its time
//!   to report that. Time-outs of the client (`with_timeouts`) can end it earlier.
//! - With `async_insert=1` and `wait_for_async_insert=0` the server answers before it has stored the rows.
//! - A `Client` needs no release: each query has its answer.
//! - `InsertFormatted` and `InsertNative` are not known. Take them out of a `Slot` in the body of `teardown`, and await
//!   `end`.

use clickhouse::Row;
use clickhouse::error::Error;
use clickhouse::insert::Insert;
use clickhouse::inserter::Inserter;

use crate::release::known::known;
use crate::release::owned::{ReleaseOwned, text_of};
use crate::resource::scope::TeardownScope;

known! {
    [T] Insert<T>: "clickhouse::insert::Insert",
    lost: "every row of the `INSERT`: the server aborts it",
    does: "ends it, and waits until the server has stored the rows",
    form: "lifecycle::Slot<Insert<_>>";

    [T] Inserter<T>: "clickhouse::inserter::Inserter",
    lost: "the rows since the last commit: the server aborts their `INSERT`",
    does: "ends it, and waits until the server has stored the rows",
    form: "lifecycle::Slot<Inserter<_>>";
}

impl<List: 'static, T: 'static> ReleaseOwned<List> for Insert<T> {
    const BLOCKING: bool = false;

    async fn release_owned(self) -> Result<(), String> {
        confirmed(self.end()).await
    }
}

impl<List: 'static, T: Row + 'static> ReleaseOwned<List> for Inserter<T> {
    const BLOCKING: bool = false;

    async fn release_owned(self) -> Result<(), String> {
        confirmed(self.end()).await
    }
}

/// Waits for the answer of the server.
async fn confirmed<R>(end: impl Future<Output = Result<R, Error>>) -> Result<(), String> {
    match TeardownScope::current().in_time(end).await {
        Some(ended) => ended.map(drop).map_err(text_of),
        None => Err("the server did not answer in time, and may not have stored the last rows".to_owned()),
    }
}
