//! Several versions of a client library in one program. Each field needs a release, by its name or an alias.
#![allow(dead_code)]

use std::sync::Arc;

use async_nats050::Client as Publisher;

type Orders = sqlx08::PgPool;

#[lifecycle::resource(no_teardown = "corpus")]
struct Sql {
    leak_pool: sqlx08::PgPool,
    leak_alias: Orders,
    leak_shared: Vec<Arc<Orders>>,
    leak_newer: sqlx::AnyPool,
    leak_transaction: tokio::sync::Mutex<Option<sqlx08::Transaction<'static, sqlx08::Postgres>>>,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Brokers {
    leak_client: Option<async_nats050::Client>,
    leak_alias: Publisher,
    leak_subscriber: tokio::sync::Mutex<async_nats050::Subscriber>,
    leak_newer: async_nats::Client,
}

fn main() {}
