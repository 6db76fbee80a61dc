//! The HTTP routes.

use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::put;
use lifecycle::Managed;

use crate::database::Database;
use crate::fault::Fault;
use crate::journal::Journal;
use crate::worker::settle;

#[derive(Clone)]
pub(crate) struct Shop {
    pub(crate) database: Managed<Database>,
    pub(crate) journal: Managed<Journal>,
}

pub(crate) fn routes(shop: Shop) -> Router {
    Router::new().route("/orders/{id}", put(place)).with_state(shop)
}

async fn place(State(shop): State<Shop>, Path(id): Path<String>) -> StatusCode {
    if Fault::StoresAfterTheAnswer.is_planted() {
        lifecycle::spawn(async move {
            tokio::time::sleep(Duration::from_millis(100)).await;
            shop.store(id).await
        });
        return StatusCode::CREATED;
    }
    match shop.store(id).await {
        Ok(()) => StatusCode::CREATED,
        Err(error) => {
            eprintln!("shop: the database failed: {error}");
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

impl Shop {
    async fn store(self, id: String) -> anyhow::Result<()> {
        if self.database.insert(id.clone()).await? {
            lifecycle::spawn(settle(self.database, self.journal, id));
        }
        Ok(())
    }
}
