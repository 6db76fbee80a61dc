//! Inserts of `clickhouse`.
#![allow(dead_code)]

use std::sync::Arc;

use clickhouse::insert::Insert;
use clickhouse::inserter::Inserter;
use tokio::sync::Mutex;

#[lifecycle::resource(no_teardown = "corpus")]
struct Orders {
    leak_rows: Insert<u8>,
    leak_shared: Arc<Mutex<Option<Insert<u8>>>>,
    leak_batches: Mutex<Inserter<u8>>,
    client: clickhouse::Client,
}

fn main() {}
