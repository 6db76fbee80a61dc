use std::cell::Cell;

use lifecycle::{Managed, Teardown};

struct Pool;

impl Pool {
    async fn close(&self) {}
}

struct Counter(Cell<u8>);

#[lifecycle::resource]
struct Database {
    #[teardown(close)]
    pool: Pool,
    #[teardown(close, blocking)]
    other: Pool,
    count: Counter,
    next: Option<Managed<Self>>,
}

#[lifecycle::teardown]
impl Teardown for Database {
    async fn teardown(&self) {
        self.pool.close().await;
    }
}

#[lifecycle::resource]
struct Alone(Counter);

#[lifecycle::teardown]
impl Teardown for Alone {
    async fn teardown(&self) {}
}

fn main() {}
