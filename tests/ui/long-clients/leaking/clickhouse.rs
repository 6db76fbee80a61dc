//! Inserts of `clickhouse`.
#![allow(dead_code)]

use std::sync::Arc;

use tokio::sync::Mutex;

#[lifecycle::resource(no_teardown = "corpus")]
struct Orders {
    leak_rows: clickhouse::insert::Insert<u8>,
    leak_shared: Arc<Mutex<Option<clickhouse::insert::Insert<u8>>>>,
    leak_batches: Mutex<clickhouse::inserter::Inserter<u8>>,
    client: clickhouse::Client,
}

fn main() {}
