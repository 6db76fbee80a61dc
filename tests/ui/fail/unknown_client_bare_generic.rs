//! A type parameter in the type leaves only the error of the trait.
#![allow(dead_code)]

mod sqlx {
    pub struct PgPool;
    pub struct Pool<DB>(pub DB);
}

#[lifecycle::resource]
struct Database<DB> {
    #[teardown]
    pool: sqlx::PgPool,
    #[teardown]
    other: sqlx::Pool<DB>,
}

fn main() {}
