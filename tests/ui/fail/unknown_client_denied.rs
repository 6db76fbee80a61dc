//! Every kind of type that looks like a handle of a known client, with the warning as an error.
#![deny(deprecated)]
#![allow(dead_code)]

use std::collections::HashMap;
use std::fs::File;
use std::io::BufWriter;
use std::sync::{Arc, Mutex};

use lifecycle::{Managed, Slot, Teardown};

mod sqlx {
    pub struct PgPool;
    pub struct Pool<DB>(pub DB);
    pub struct Postgres;
}

mod rdkafka {
    pub mod producer {
        pub struct FutureProducer;
    }
    pub mod consumer {
        pub struct StreamConsumer<C>(pub C);
    }
}

mod deadpool {
    pub mod managed {
        pub struct Pool<M>(pub M);
    }
}

mod redis {
    pub mod aio {
        pub struct MultiplexedConnection;
        pub struct PubSub;
    }
}

mod csv {
    pub struct Writer<W>(pub W);
}

mod parking_lot {
    pub struct Mutex<T>(pub T);
}

mod rocksdb {
    pub struct DB;
}

use rdkafka::{consumer::StreamConsumer, producer};
use redis::aio;

/// By the path, by a telling name, and by a telling name after a module of its crate.
#[lifecycle::resource(no_teardown = "each field is asked")]
struct Names {
    path: sqlx::PgPool,
    generic: sqlx::Pool<sqlx::Postgres>,
    absolute: crate::sqlx::PgPool,
    nested: deadpool::managed::Pool<u8>,
    telling: StreamConsumer<u8>,
    module: producer::FutureProducer,
    other_module: aio::MultiplexedConnection,
    line: rocksdb::DB,
}

/// In wrappers.
#[lifecycle::resource(no_teardown = "each field is asked")]
struct Wrapped {
    arc: Arc<sqlx::PgPool>,
    option: Option<Box<sqlx::PgPool>>,
    mutex: tokio::sync::Mutex<sqlx::PgPool>,
    vec: Vec<sqlx::PgPool>,
    map: HashMap<String, sqlx::PgPool>,
    slot: Slot<redis::aio::PubSub>,
    array: [sqlx::PgPool; 2],
    reference: &'static sqlx::PgPool,
    tuple: (u8, sqlx::PgPool, Vec<(String, redis::aio::PubSub)>),
}

/// A writer that does not write to memory, and a lock around what needs release.
#[lifecycle::resource(no_teardown = "each field is asked")]
struct Inside {
    rows: csv::Writer<File>,
    lock: parking_lot::Mutex<BufWriter<File>>,
}

#[lifecycle::resource(no_teardown = "each field is asked")]
struct Tuple(sqlx::PgPool, u8);

/// The body names another field.
#[lifecycle::resource]
struct Forgotten {
    pool: sqlx::PgPool,
    other: Mutex<u8>,
}

#[lifecycle::teardown]
impl Teardown for Forgotten {
    async fn teardown(&self) {
        drop(self.other.lock());
    }
}

/// A generic struct that needs no impl.
#[lifecycle::resource(no_teardown = "each field is asked")]
struct Generic<T> {
    pool: sqlx::PgPool,
    value: T,
}

#[derive(lifecycle::Holds)]
struct Plain {
    pool: sqlx::PgPool,
    names: Managed<Names>,
}

#[derive(lifecycle::Holds)]
enum Kind {
    Off,
    On(Arc<sqlx::PgPool>),
}

mod inner {
    #[lifecycle::resource(no_teardown = "each field is asked")]
    struct Deep {
        r#type: super::sqlx::PgPool,
    }
}

fn main() {}
