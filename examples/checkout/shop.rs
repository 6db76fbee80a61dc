//! Takes orders: the database that keeps them, and the routes that place them.

use std::path::Path as File;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use lifecycle::Managed;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use tokio::sync::mpsc;

use crate::backlog::Backlog;

/// How long the card terminal takes.
const CHARGE: Duration = Duration::from_millis(20);

/// Every order, and what has become of it. Closed when nothing uses it any more.
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
                          id TEXT PRIMARY KEY, what TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'placed'
                      ) WITHOUT ROWID;
                      CREATE INDEX IF NOT EXISTS backlog ON orders (id) WHERE state = 'placed';
                      CREATE TABLE IF NOT EXISTS journal (bytes INTEGER NOT NULL);";
        sqlx::raw_sql(tables).execute(&pool).await?;
        Ok(Database { pool })
    }
}

/// What the handlers share. No resource: what uses it has ended when the cleanup begins.
#[derive(Clone)]
pub(crate) struct Shop {
    database: Managed<Database>,
    placed: mpsc::Sender<()>,
}

impl Shop {
    /// The shop, and what comes of it: a backlog that ends with the last handler.
    pub(crate) fn open(database: Managed<Database>) -> (Shop, Backlog) {
        // One place is enough: "there is something" need not be said twice.
        let (placed, wake) = mpsc::channel(1);
        (Shop { database: database.clone(), placed }, Backlog::new(database, wake))
    }

    /// Whether the order is new. Once this returns, it is in the database.
    async fn place(&self, id: &str, what: &str) -> sqlx::Result<bool> {
        tokio::time::sleep(CHARGE).await;
        let placed = sqlx::query("INSERT INTO orders (id, what) VALUES (?, ?) ON CONFLICT DO NOTHING")
            .bind(id)
            .bind(what)
            .execute(&self.database.pool)
            .await?;
        // There is no room if somebody has been woken and has not looked yet: then he will see this one too.
        let _ = self.placed.try_send(());
        Ok(placed.rows_affected() == 1)
    }

    /// What has become of an order; `None` if there is no such order.
    async fn state(&self, id: &str) -> sqlx::Result<Option<String>> {
        sqlx::query_scalar("SELECT state FROM orders WHERE id = ?")
            .bind(id)
            .fetch_optional(&self.database.pool)
            .await
    }
}

/// Whether everybody behind the shop can take this for the id of an order: it becomes a line of the journal, the id of
/// a message, a key. Who cannot would be given it again and again.
fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

pub(crate) fn routes(shop: Shop) -> Router {
    Router::new().route("/orders/{id}", get(show).put(place)).with_state(shop)
}

async fn place(State(shop): State<Shop>, Path(id): Path<String>, what: String) -> (StatusCode, &'static str) {
    if !is_id(&id) {
        return (
            StatusCode::BAD_REQUEST,
            "an id has 1 to 64 letters, digits or signs of ASCII, and no space\n",
        );
    }
    match shop.place(&id, &what).await {
        Ok(true) => (StatusCode::CREATED, "placed\n"),
        Ok(false) => (StatusCode::OK, "was placed before\n"),
        Err(error) => failed(&error),
    }
}

async fn show(State(shop): State<Shop>, Path(id): Path<String>) -> Response {
    match shop.state(&id).await {
        Ok(Some(state)) => format!("{state}\n").into_response(),
        Ok(None) => (StatusCode::NOT_FOUND, "no such order\n").into_response(),
        Err(error) => failed(&error).into_response(),
    }
}

fn failed(error: &sqlx::Error) -> (StatusCode, &'static str) {
    eprintln!("checkout: {error}");
    (StatusCode::INTERNAL_SERVER_ERROR, "try again\n")
}
