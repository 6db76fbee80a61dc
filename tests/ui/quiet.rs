//! Generated code raises no lint, however strict the user's crate is.

#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, unreachable_pub, unused, clippy::all, clippy::pedantic, clippy::nursery)]
#![deny(single_use_lifetimes, trivial_casts, unused_qualifications, unused_results, let_underscore_drop)]
#![deny(elided_lifetimes_in_paths, explicit_outlives_requirements, missing_debug_implementations)]

use std::{fs::File, marker::PhantomData, sync::Arc};

use lifecycle::{Managed, Resource, Slot, Teardown};

/// A client.
#[derive(Debug)]
pub struct Pool;

impl Pool {
    /// Ends.
    ///
    /// # Errors
    ///
    /// Never.
    #[expect(clippy::unused_async, reason = "stands for one that waits")]
    pub async fn close(&self, code: u16) -> Result<u16, std::io::Error> {
        Ok(code)
    }

    /// Writes.
    #[must_use]
    pub const fn flush(&self) -> bool {
        true
    }
}

/// A database.
#[lifecycle::resource(order = 2, timeout = "5s", name = "db")]
#[derive(Debug)]
pub struct Database {
    #[teardown(close(self.code))]
    pool: Pool,
    #[teardown(flush, blocking)]
    other: Pool,
    #[teardown]
    file: File,
    #[teardown]
    task: Slot<tokio::task::JoinHandle<()>>,
    code: u16,
}

/// What depends on it.
#[lifecycle::resource(depends_on(Database))]
#[derive(Debug)]
pub struct Orders {
    db: Option<Arc<Managed<Database>>>,
    next: Option<Managed<Self>>,
}

#[lifecycle::teardown]
impl Teardown for Orders {
    async fn teardown(&self) {}
}

/// A generic one.
#[lifecycle::resource(no_teardown = "memory only")]
#[derive(Debug)]
pub struct Cache<T>(Managed<Database>, PhantomData<T>);

/// A unit.
#[lifecycle::resource(no_teardown = "nothing in it", last)]
#[derive(Debug)]
pub struct Unit;

#[test]
fn the_declarations_are_there() {
    assert_eq!(Database::DECLARATION.name, "db");
    assert_eq!(Orders::DECLARATION.name, "Orders");
    assert_eq!(Unit::DECLARATION.name, "Unit");
    assert_eq!(Cache::<u8>::DECLARATION.name, "Cache");
    let _: fn(Orders) = |orders| drop((orders.db, orders.next));
    let _: fn(Database, Cache<u8>) =
        |db, cache| drop((db.pool, db.other, db.file, db.task, cache.0, cache.1));
}
