//! The warning about a field, next to the error about a field with a bare `#[teardown]`: each field has one of them.
#![allow(dead_code)]

mod sqlx {
    pub struct PgPool;
}

#[lifecycle::resource]
struct Database {
    pool: sqlx::PgPool,
    #[teardown]
    replica: sqlx::PgPool,
}

fn main() {}
