//! Pools and clients of databases, by their features.
#![allow(dead_code)]

use std::sync::Arc;

use r2d2_postgres::{PostgresConnectionManager, postgres::NoTls};

type Async = bb8_postgres::PostgresConnectionManager<NoTls>;
type Postgres = PostgresConnectionManager<NoTls>;

#[lifecycle::resource(no_teardown = "corpus")]
struct Deadpool {
    pool: deadpool_postgres::Pool,
    shared: Arc<deadpool::managed::Pool<deadpool_postgres::Manager>>,
    connection: tokio::sync::Mutex<deadpool_postgres::Object>,
    config: deadpool_postgres::Config,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Bb8 {
    pool: bb8::Pool<Async>,
    connection: Option<tokio::sync::Mutex<bb8::PooledConnection<'static, Async>>>,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct R2d2 {
    pool: r2d2::Pool<Postgres>,
    connection: std::sync::Mutex<r2d2::PooledConnection<Postgres>>,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct MySql {
    pool: mysql_async::Pool,
    connection: tokio::sync::Mutex<mysql_async::Conn>,
    transaction: tokio::sync::Mutex<Option<mysql_async::Transaction<'static>>>,
    opts: mysql_async::Opts,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct TokioPostgres {
    client: Arc<tokio_postgres::Client>,
    rows: Option<std::sync::Mutex<tokio_postgres::CopyInSink<bytes::Bytes>>>,
    config: tokio_postgres::Config,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct SeaOrm {
    connection: sea_orm::DatabaseConnection,
    transaction: Arc<sea_orm::DatabaseTransaction>,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Mongo {
    client: mongodb::Client,
    session: tokio::sync::Mutex<mongodb::ClientSession>,
    orders: mongodb::Collection<mongodb::bson::Document>,
}

fn main() {}
