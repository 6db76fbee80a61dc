//! The HTTP routes: the name of the configuration, and the time of the database.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use lifecycle::Managed;

use crate::database::Database;

type Shared = State<(Arc<str>, Managed<Database>)>;

pub(crate) fn routes(name: &str, database: Managed<Database>) -> Router {
    Router::new().route("/", get(time)).with_state((name.into(), database))
}

async fn time(State((name, database)): Shared) -> (StatusCode, String) {
    match database.time().await {
        Ok(time) => (StatusCode::OK, format!("{name}: {time}\n")),
        Err(error) => (StatusCode::BAD_GATEWAY, format!("{error}\n")),
    }
}
