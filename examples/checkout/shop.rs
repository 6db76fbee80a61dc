//! Takes orders: the database that keeps them, and the routes that place them.

use std::path::Path as File;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use lifecycle::Managed;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use tokio::sync::Notify;

/// How long the card terminal takes.
const CHARGE: Duration = Duration::from_millis(20);

/// Every order, placed or settled. Closed when nothing uses it any more.
#[lifecycle::resource]
pub(crate) struct Database {
    #[teardown(close)]
    pub(crate) pool: SqlitePool,
}

impl Database {
    pub(crate) async fn open(folder: &File) -> sqlx::Result<Database> {
        let options = SqliteConnectOptions::new()
            .filename(folder.join("orders.sqlite"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal);
        let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await?;
        let tables = "CREATE TABLE IF NOT EXISTS orders (
                          id TEXT PRIMARY KEY, what TEXT NOT NULL, settled INTEGER NOT NULL DEFAULT 0
                      ) WITHOUT ROWID;
                      CREATE INDEX IF NOT EXISTS unsettled ON orders (id) WHERE settled = 0;
                      CREATE TABLE IF NOT EXISTS journal (bytes INTEGER NOT NULL);";
        sqlx::raw_sql(tables).execute(&pool).await?;
        Ok(Database { pool })
    }
}

/// What the handlers and the worker share. No resource: what uses it has ended when the cleanup begins.
#[derive(Clone)]
pub(crate) struct Shop {
    database: Managed<Database>,
    placed: Arc<Notify>,
}

impl Shop {
    pub(crate) fn new(database: Managed<Database>) -> Shop {
        Shop { database, placed: Arc::default() }
    }

    /// Whether the order is new. Once this returns, it is in the database.
    async fn place(&self, id: &str, what: &str) -> sqlx::Result<bool> {
        tokio::time::sleep(CHARGE).await;
        let placed = sqlx::query("INSERT INTO orders (id, what) VALUES (?, ?) ON CONFLICT DO NOTHING")
            .bind(id)
            .bind(what)
            .execute(&self.database.pool)
            .await?;
        self.placed.notify_one();
        Ok(placed.rows_affected() == 1)
    }

    /// `None` if there is no such order.
    async fn is_settled(&self, id: &str) -> sqlx::Result<Option<bool>> {
        sqlx::query_scalar("SELECT settled FROM orders WHERE id = ?")
            .bind(id)
            .fetch_optional(&self.database.pool)
            .await
    }

    /// Returns when an order has been placed since it last did.
    pub(crate) async fn placed(&self) {
        self.placed.notified().await;
    }

    /// Some orders that nobody has settled, at most `limit`.
    pub(crate) async fn unsettled(&self, limit: u32) -> sqlx::Result<Vec<String>> {
        sqlx::query_scalar("SELECT id FROM orders WHERE settled = 0 LIMIT ?")
            .bind(limit)
            .fetch_all(&self.database.pool)
            .await
    }

    pub(crate) async fn mark_settled(&self, ids: &[String]) -> sqlx::Result<()> {
        let mut transaction = self.database.pool.begin().await?;
        for id in ids {
            sqlx::query("UPDATE orders SET settled = 1 WHERE id = ?")
                .bind(id)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await
    }
}

pub(crate) fn routes(shop: Shop) -> Router {
    Router::new().route("/orders/{id}", get(show).put(place)).with_state(shop)
}

async fn place(State(shop): State<Shop>, Path(id): Path<String>, what: String) -> (StatusCode, &'static str) {
    match shop.place(&id, &what).await {
        Ok(true) => (StatusCode::CREATED, "placed\n"),
        Ok(false) => (StatusCode::OK, "was placed before\n"),
        Err(error) => failed(&error),
    }
}

async fn show(State(shop): State<Shop>, Path(id): Path<String>) -> (StatusCode, &'static str) {
    match shop.is_settled(&id).await {
        Ok(Some(true)) => (StatusCode::OK, "settled\n"),
        Ok(Some(false)) => (StatusCode::OK, "placed\n"),
        Ok(None) => (StatusCode::NOT_FOUND, "no such order\n"),
        Err(error) => failed(&error),
    }
}

fn failed(error: &sqlx::Error) -> (StatusCode, &'static str) {
    eprintln!("checkout: {error}");
    (StatusCode::INTERNAL_SERVER_ERROR, "try again\n")
}
