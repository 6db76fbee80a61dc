//! Handles of `tokio-postgres`: `Client`, `CopyInSink`. Needs the feature `tokio-postgres`.
//!
//! | type | lost without release | a bare `#[teardown]` | who confirms |
//! |---|---|---|---|
//! | `Client` | requests that its connection's task has not sent, and an open transaction | in a `Slot`: drops it, so that the task of its connection ends | the end of that task: every request has its answer, and the last message was sent |
//! | `CopyInSink` | every row of the copy | none: `finish` it in the body of `teardown` | |
//!
//! Run against PostgreSQL 15.
//!
//! A `Client` comes with a `Connection`, whose task does the work. The task ends after every clone of the client's `Arc`
//! has been dropped, every request has its answer, and the server was sent the last message. So the pair belongs into one
//! resource, the client first. The fields are released from top to bottom:
//!
//! ```
//! # #![allow(dead_code)]
//! use std::sync::Arc;
//!
//! use lifecycle::Slot;
//! use tokio::task::JoinHandle;
//! use tokio_postgres::{Client, NoTls};
//!
//! #[lifecycle::resource]
//! struct Database {
//!     #[teardown] // drops the client
//!     client: Slot<Arc<Client>>,
//!     #[teardown] // waits until the connection has sent everything
//!     connection: Slot<JoinHandle<Result<(), tokio_postgres::Error>>>,
//! }
//!
//! async fn open(url: &str) -> Result<Database, tokio_postgres::Error> {
//!     let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
//!     let connection = Slot::new(tokio::spawn(connection));
//!     Ok(Database { client: Slot::new(Arc::new(client)), connection })
//! }
//!
//! async fn insert(database: &Database) -> Result<u64, tokio_postgres::Error> {
//!     let client = database.client.with(Arc::clone).expect("the teardown has not begun");
//!     client.execute("INSERT INTO orders DEFAULT VALUES", &[]).await
//! }
//! # fn main() {}
//! ```
//!
//! A transaction needs `&mut Client`. For that, put the client into a `tokio::sync::Mutex<Option<Client>>`, which a bare
//! `#[teardown]` empties.
//!
//! The task does not end while a statement runs at the server, or while a clone of the client is in use. Then the teardown
//! of the pair times out, and the report says so. Nothing cancels a statement whose future was dropped:
//! [`Client::cancel_token`](tokio_postgres::Client::cancel_token) does.
//!
//! Every statement has an answer, or its sender received the error. So the teardown of an idle pair loses nothing if the
//! server is gone, and succeeds.

use std::future::Future;
use std::sync::Arc;

use tokio_postgres::{Client, CopyInSink};

use crate::release::known::known;
use crate::release::owned::dropped;

known! {
    [] Client: "tokio_postgres::Client",
    lost: "the requests that the task of its connection has not sent, and an open transaction",
    does: "drops it, so that the task of its connection ends: keep the task in a `lifecycle::Slot<JoinHandle<_>>` below it",
    form: "lifecycle::Slot<Arc<Client>>";

    [U] CopyInSink<U>: "tokio_postgres::CopyInSink",
    lost: "every row of the copy",
    does: "`finish` it where it began, or put it into a `lifecycle::Slot` and `take` it in the body of `teardown`",
    form: "";
}

dropped! {
    false:
    [] Client;
    [] Arc<Client>;
}
