//! What the lint says to write about pools and clients of databases compiles as it says it.
#![allow(dead_code)]

use std::sync::Arc;

use bb8::PooledConnection;
use deadpool::managed::Object;
use lifecycle::{Slot, Teardown};
use mongodb::ClientSession;
use mysql_async::Conn;
use r2d2_postgres::{PostgresConnectionManager, postgres::NoTls};
use tokio::task::JoinHandle;
use tokio_postgres::Client;

type Async = bb8_postgres::PostgresConnectionManager<NoTls>;
type Postgres = PostgresConnectionManager<NoTls>;

#[lifecycle::resource]
struct Deadpool {
    #[teardown]
    pool: deadpool::managed::Pool<deadpool_postgres::Manager>,
    #[teardown]
    shared: Arc<deadpool_postgres::Pool>,
    #[teardown]
    connection: lifecycle::Slot<Object<deadpool_postgres::Manager>>,
    config: deadpool_postgres::Config,
}

#[lifecycle::resource]
struct Bb8 {
    #[teardown]
    pool: bb8::Pool<Async>,
    #[teardown]
    own: lifecycle::Slot<bb8::Pool<Async>>,
    #[teardown]
    connection: lifecycle::Slot<PooledConnection<'static, Async>>,
}

#[lifecycle::resource]
struct R2d2 {
    #[teardown]
    pool: r2d2::Pool<Postgres>,
    #[teardown]
    own: lifecycle::Slot<r2d2::Pool<Postgres>>,
    #[teardown]
    connection: lifecycle::Slot<r2d2::PooledConnection<Postgres>>,
}

#[lifecycle::resource]
struct MySql {
    #[teardown]
    pool: mysql_async::Pool,
    #[teardown]
    connection: lifecycle::Slot<Conn>,
    transaction: Slot<mysql_async::Transaction<'static>>,
}

#[lifecycle::teardown]
impl Teardown for MySql {
    async fn teardown(&self) -> Result<(), mysql_async::Error> {
        match self.transaction.take() {
            Some(transaction) => transaction.commit().await,
            None => Ok(()),
        }
    }
}

#[lifecycle::resource]
struct TokioPostgres {
    #[teardown]
    client: lifecycle::Slot<Client>,
    #[teardown]
    shared: lifecycle::Slot<Arc<Client>>,
    #[teardown]
    locked: tokio::sync::Mutex<Option<Client>>,
    #[teardown]
    connection: lifecycle::Slot<JoinHandle<Result<(), tokio_postgres::Error>>>,
}

#[lifecycle::resource]
struct SeaOrm {
    #[teardown]
    connection: sea_orm::DatabaseConnection,
}

#[lifecycle::resource]
struct Mongo {
    #[teardown]
    client: mongodb::Client,
    #[teardown]
    session: lifecycle::Slot<ClientSession>,
    orders: mongodb::Collection<mongodb::bson::Document>,
}

fn main() {}
