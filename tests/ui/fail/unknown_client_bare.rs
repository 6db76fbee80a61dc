//! A bare `#[teardown]` on a type that looks like a handle of a known client.
#![allow(dead_code)]

use std::sync::{Arc, Mutex};

use self::sqlx::PgPool;

mod sqlx {
    pub struct PgPool;
    pub struct Pool<DB>(pub DB);
    pub struct Postgres;
}

mod lapin {
    pub struct Connection;
}

mod rocksdb {
    pub struct DB;
}

mod csv {
    pub struct Writer<W>(pub W);
}

#[lifecycle::resource]
struct Database {
    #[teardown]
    path: sqlx::Pool<sqlx::Postgres>,
    #[teardown]
    bare: PgPool,
    #[teardown]
    shared: Option<Arc<Mutex<Vec<PgPool>>>>,
    #[teardown]
    both: (PgPool, lapin::Connection),
    #[teardown]
    line: rocksdb::DB,
    #[teardown]
    rows: Mutex<csv::Writer<std::fs::File>>,
}

// What is known as a whole has the error of what it loses.
#[lifecycle::resource]
struct Known {
    #[teardown]
    pair: (PgPool, std::fs::File),
}

fn main() {}
