//! The HTTP routes: count a view of a page, and show its views.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use lifecycle::Managed;

use crate::views::Views;

pub(crate) fn routes(views: Managed<Views>) -> Router {
    Router::new().route("/{page}", get(show).post(count)).with_state(views)
}

async fn count(State(views): State<Managed<Views>>, Path(page): Path<String>) -> StatusCode {
    views.count(page);
    StatusCode::NO_CONTENT
}

async fn show(State(views): State<Managed<Views>>, Path(page): Path<String>) -> (StatusCode, String) {
    match views.of(&page).await {
        Ok(number) => (StatusCode::OK, format!("{number}\n")),
        Err(error) => (StatusCode::BAD_GATEWAY, format!("{error}\n")),
    }
}
