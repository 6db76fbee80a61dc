//! What the lint does not warn of, although its name looks like a handle of a known client.
#![forbid(deprecated)]
#![deny(warnings, unused, nonstandard_style, missing_docs)]
#![allow(dead_code)]

use std::fs::File;
use std::marker::PhantomData;
use std::sync::Arc;

use lifecycle::{Managed, Slot, Teardown};

mod sqlx {
    pub struct PgPool;
    pub struct Pool<DB>(pub DB);
    pub struct PgConnectOptions;

    impl PgPool {
        pub async fn close(&self) {}
    }
}

mod csv {
    pub struct Writer<W>(pub W);
}

mod parking_lot {
    pub struct Mutex<T>(pub T);
}

mod other {
    pub struct PgPool;
    pub struct Client;
    pub struct Writer;
}

/// Names that many crates have, names in another crate, and types that are no handles.
#[lifecycle::resource(no_teardown = "nothing in it")]
struct Others {
    client: other::Client,
    writer: other::Writer,
    pool: other::PgPool,
    options: sqlx::PgConnectOptions,
    marker: PhantomData<sqlx::PgPool>,
    make: fn(sqlx::PgPool) -> sqlx::Pool<u8>,
    boxed: Box<dyn Fn(sqlx::PgPool) + Send + Sync>,
}

/// Nothing in it is lost.
#[lifecycle::resource(no_teardown = "nothing in it")]
struct Inside {
    memory: csv::Writer<Vec<u8>>,
    boxed: csv::Writer<Box<std::io::Cursor<Vec<u8>>>>,
    count: parking_lot::Mutex<u64>,
    client: parking_lot::Mutex<other::Client>,
}

/// The user has said what is done.
#[lifecycle::resource]
struct Said {
    #[teardown(close)]
    pool: sqlx::PgPool,
    #[teardown(skip = "closed by its owner")]
    other: Arc<sqlx::PgPool>,
}

#[lifecycle::resource]
struct Named {
    pool: sqlx::PgPool,
}

#[lifecycle::teardown]
impl Teardown for Named {
    async fn teardown(&self) {
        self.pool.close().await;
    }
}

#[lifecycle::resource]
struct Generic<T> {
    pool: sqlx::PgPool,
    value: T,
}

#[lifecycle::teardown]
impl<T: Send + Sync + 'static> Teardown for Generic<T> {
    async fn teardown(&self) {
        self.pool.close().await;
    }
}

/// The user has allowed it by name.
#[lifecycle::resource(allow(unknown_client), no_teardown = "nothing in it")]
struct Allowed {
    pool: sqlx::PgPool,
}

#[derive(lifecycle::Holds)]
#[holds(allow(unknown_client))]
struct Plain {
    pool: sqlx::PgPool,
}

#[derive(lifecycle::Holds)]
struct Skipped {
    #[holds(skip = "closed by its owner")]
    pool: sqlx::PgPool,
}

/// Types of the user's own, with the name of a known one, which the user has told of.
mod own {
    use super::{Arc, Managed, Slot};

    #[lifecycle::resource]
    pub struct PgPool;

    #[lifecycle::teardown]
    impl super::Teardown for PgPool {
        async fn teardown(&self) {}
    }

    #[derive(lifecycle::Holds)]
    pub struct StreamConsumer;

    pub struct FutureProducer;

    impl FutureProducer {
        pub async fn flush(&self) {}
    }

    lifecycle::needs_release!(FutureProducer, "the messages in its buffer", "flush");

    #[lifecycle::resource]
    struct Own {
        pool: Managed<PgPool>,
        consumer: Option<Arc<StreamConsumer>>,
        #[teardown]
        producer: FutureProducer,
        #[teardown]
        slot: Slot<FutureProducer>,
    }
}

lifecycle::known_types! {
    lifecycle_ui_other_crate::Store, "the writes that are still in memory", "flush", blocking;
}

mod redis {
    pub use lifecycle_ui_other_crate::Store as ConnectionManager;
}

#[lifecycle::resource]
struct Listed {
    #[teardown]
    manager: redis::ConnectionManager,
    file: File,
}

#[lifecycle::teardown]
impl Teardown for Listed {
    async fn teardown(&self) -> Result<(), std::io::Error> {
        self.file.sync_all()
    }
}

/// An alias hides the name.
type Hidden = sqlx::PgPool;

#[lifecycle::resource(no_teardown = "nothing in it")]
struct Alias {
    pool: Hidden,
}

fn main() {}
