//! The HTTP routes, which place orders and show their state.

use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use lifecycle::Managed;

use crate::backlog::Placed;
use crate::database::Database;

/// The time that the card terminal takes.
const CARD_PAYMENT: Duration = Duration::from_millis(20);

/// The state that the handlers share. It does not need a teardown, because every handler has ended before the cleanup.
#[derive(Clone)]
pub struct Shop {
    database: Managed<Database>,
    placed: Placed,
}

impl Shop {
    /// Creates the state from the database and the backlog.
    pub fn new(database: Managed<Database>, placed: Placed) -> Shop {
        Shop { database, placed }
    }

    /// Stores an order. Returns `false` if the order exists already.
    async fn place(&self, id: String, what: String) -> tokio_rusqlite::Result<bool> {
        tokio::time::sleep(CARD_PAYMENT).await;
        let new = self.database.insert(id, what).await?;
        self.placed.notify();
        Ok(new)
    }
}

/// Returns the routes of the shop.
pub fn routes(shop: Shop) -> Router {
    Router::new().route("/orders/{id}", get(show).put(place)).with_state(shop)
}

async fn place(State(shop): State<Shop>, Path(id): Path<String>, what: String) -> (StatusCode, &'static str) {
    if !is_id(&id) {
        return (StatusCode::BAD_REQUEST, "an id has 1 to 64 visible ASCII characters\n");
    }
    match shop.place(id, what).await {
        Ok(true) => (StatusCode::CREATED, "placed\n"),
        Ok(false) => (StatusCode::OK, "was placed before\n"),
        Err(error) => failed(&error),
    }
}

async fn show(State(shop): State<Shop>, Path(id): Path<String>) -> Response {
    match shop.database.state(id).await {
        Ok(Some(state)) => format!("{state}\n").into_response(),
        Ok(None) => (StatusCode::NOT_FOUND, "no such order\n").into_response(),
        Err(error) => failed(&error).into_response(),
    }
}

/// Whether the journal, RabbitMQ and PostgreSQL can all store this id. Otherwise they would receive it again and again.
fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

fn failed(error: &tokio_rusqlite::Error) -> (StatusCode, &'static str) {
    eprintln!("checkout: the database failed: {error}");
    (StatusCode::INTERNAL_SERVER_ERROR, "try again\n")
}
