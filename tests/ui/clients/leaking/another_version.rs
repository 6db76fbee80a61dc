//! A client of another version than the one of the feature that is turned on: sqlx 0.8, with `sqlx` and not `sqlx08`.
#![deny(deprecated)]
#![allow(dead_code)]

use sqlx08 as sqlx;

#[lifecycle::resource(no_teardown = "corpus")]
struct Warned {
    pool: sqlx::Pool<sqlx::Any>,
    telling: std::sync::Arc<sqlx::AnyPool>,
}

#[lifecycle::resource]
struct Bare {
    #[teardown]
    pool: sqlx::AnyPool,
}

fn main() {}
