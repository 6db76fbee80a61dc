//! rustc's own name of the warning silences it, on a field, on a struct, and in a crate.
#![deny(deprecated)]
#![allow(dead_code)]

mod sqlx {
    pub struct PgPool;
}

#[lifecycle::resource(no_teardown = "nothing in it")]
struct Field {
    #[allow(deprecated)]
    pool: sqlx::PgPool,
}

#[lifecycle::resource(no_teardown = "nothing in it")]
#[allow(deprecated)]
struct Struct {
    pool: sqlx::PgPool,
}

#[allow(deprecated)]
mod module {
    #[lifecycle::resource(no_teardown = "nothing in it")]
    struct Module {
        pool: super::sqlx::PgPool,
    }
}

fn main() {}
