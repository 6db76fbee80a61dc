//! Generated code raises no lint, even in a user's crate with strict lints.

#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, unreachable_pub, unused, clippy::all, clippy::pedantic, clippy::nursery)]
#![deny(single_use_lifetimes, trivial_casts, unused_qualifications, unused_results, let_underscore_drop)]
#![deny(elided_lifetimes_in_paths, explicit_outlives_requirements, missing_debug_implementations)]

use std::{fs::File, marker::PhantomData, sync::Arc};

use lifecycle::{Managed, Resource, Slot, Start, Teardown};

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

/// A resource that depends on the others.
#[lifecycle::resource(depends_on(Unit))]
#[derive(Debug)]
pub struct Orders {
    db: Option<Arc<Managed<Database>>>,
    next: Option<Managed<Self>>,
}

#[lifecycle::teardown]
impl Teardown for Orders {
    async fn teardown(&self) {}
}

/// A generic resource.
#[lifecycle::resource(no_teardown = "memory only")]
#[derive(Debug)]
pub struct Cache<T>(Managed<Database>, PhantomData<T>);

/// A unit resource.
#[lifecycle::resource(no_teardown = "nothing in it", last)]
#[derive(Debug)]
pub struct Unit;

/// A plain struct whose handles are visible.
#[derive(lifecycle::Holds, Debug)]
pub struct Shown {
    db: Managed<Database>,
    other: Option<Box<Self>>,
    kinds: Vec<Kind>,
}

/// An enum whose handles are visible.
#[derive(lifecycle::Holds, Debug)]
pub enum Kind {
    /// Nothing.
    Off,
    /// A handle.
    On(Managed<Database>),
    /// Text.
    Named {
        /// The text.
        name: String,
        /// A file.
        #[holds(skip = "only read")]
        file: File,
    },
}

/// An empty enum.
#[derive(lifecycle::Holds, Debug)]
pub enum Never {}

lifecycle::needs_release!(Pool, "what is buffered", "flush");

/// A type with the name of a handle, which is known.
#[derive(Debug)]
pub struct FutureProducer;

impl FutureProducer {
    /// Writes.
    pub const fn flush(&self) {}
}

lifecycle::needs_release!(FutureProducer, "what is buffered", "flush");

/// A resource whose fields the lint checks.
#[lifecycle::resource]
#[derive(Debug)]
pub struct Asked {
    producer: FutureProducer,
    pool: Option<Pool>,
    shown: Shown,
    file: File,
    next: Vec<Managed<Self>>,
}

#[lifecycle::teardown]
impl Teardown for Asked {
    async fn teardown(&self) -> Result<(), std::io::Error> {
        if let Some(pool) = &self.pool {
            let _ = pool.flush();
        }
        self.producer.flush();
        self.file.sync_all()
    }
}

/// A resource that the program makes.
#[lifecycle::resource(provided, no_teardown = "memory only")]
#[derive(Debug)]
pub struct Settings;

/// A resource that starts.
#[lifecycle::resource(no_teardown = "memory only")]
#[derive(Debug)]
pub struct Started(Managed<Settings>);

#[lifecycle::start(timeout = "1s", retry = "10s")]
impl Start for Started {
    /// Has docs, and awaits nothing.
    async fn start(settings: Managed<Settings>) -> Result<Self, std::io::Error> {
        Ok(Self(settings))
    }
}

/// A generic resource that starts.
#[lifecycle::resource(no_teardown = "memory only")]
#[derive(Debug)]
pub struct StartedFor<T>(Managed<Started>, PhantomData<T>);

#[lifecycle::start]
impl<T: Send + Sync + 'static> Start for StartedFor<T> {
    async fn start(started: Managed<Started>) -> Self {
        Self(started, PhantomData)
    }
}

#[test]
fn a_plain_struct_shows_its_dependencies() {
    let needs = lifecycle::__private::Needs::of(Asked::DECLARATION);
    let found: Vec<_> = needs.iter().map(|need| need.declaration.name).collect();
    assert_eq!(found, ["db"]);
    let _: fn(Asked) = |asked| drop((asked.pool, asked.shown, asked.file, asked.next, asked.producer));
    let _: fn(Shown) = |shown| drop((shown.db, shown.other, shown.kinds));
}

#[test]
fn the_declarations_are_there() {
    assert_eq!(Database::DECLARATION.name, "db");
    assert_eq!(Orders::DECLARATION.name, "Orders");
    assert_eq!(Unit::DECLARATION.name, "Unit");
    assert_eq!(Cache::<u8>::DECLARATION.name, "Cache");
    let _: fn(Started, StartedFor<u8>) = |one, other| drop((one.0, other.0, other.1));
    let _: fn(Orders) = |orders| drop((orders.db, orders.next));
    let _: fn(Database, Cache<u8>) =
        |db, cache| drop((db.pool, db.other, db.file, db.task, cache.0, cache.1));
}
