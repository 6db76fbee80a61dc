//! What releases inserts of `clickhouse`.

use std::sync::Arc;

use clickhouse::insert::Insert;
use clickhouse::inserter::Inserter;
use lifecycle::Slot;
use tokio::sync::Mutex;

#[lifecycle::resource]
struct Orders {
    #[teardown]
    rows: Slot<Insert<u8>>,
    #[teardown]
    shared: Arc<Mutex<Option<Insert<u8>>>>,
    #[teardown]
    batches: Slot<Inserter<u8>>,
    client: clickhouse::Client,
}

fn main() {}
