//! Several versions of a client library in one program. A bare `#[teardown]` releases the types of each.
#![allow(dead_code)]

use lifecycle::Slot;

#[lifecycle::resource]
struct Sql {
    #[teardown]
    pool: sqlx08::PgPool,
    #[teardown]
    newer: sqlx::AnyPool,
    #[teardown]
    connection: Slot<sqlx08::pool::PoolConnection<sqlx08::Postgres>>,
}

#[lifecycle::resource]
struct Brokers {
    #[teardown]
    newer: async_nats::Client,
    #[teardown]
    client: async_nats050::Client,
    #[teardown]
    subscriber: tokio::sync::Mutex<async_nats050::Subscriber>,
}

fn main() {}
