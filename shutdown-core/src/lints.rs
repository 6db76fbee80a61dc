//! What does not compile, and why: a page for each lint.
//!
//! The message of an error begins with the path of its lint's page here: `lifecycle::lints::unreleased_field`, for one.
//!
//! | lint | fires when |
//! |---|---|
//! | [`missing_teardown`] | nothing says how a resource is released |
//! | [`unreleased_field`] | a field would leak, and nothing handles it |
//! | [`dependency_cycle`] | resources depend on each other |
//! | [`order_contradiction`] | an `order` would close something before what depends on it |
//! | [`not_a_resource`] | `depends_on` names what is none |
//! | [`stray_teardown`] | a `teardown` attribute stands where it means nothing |
//! | [`bad_attribute`] | a key, a value or an item that an attribute does not know |
//!
//! Besides, two [warnings](redundant_dependency) about `depends_on`.

pub mod missing_teardown {
    //! A resource without any teardown.
    //!
    //! # Why
    //!
    //! A resource is what must be released at the stop. If nothing says how, either that was forgotten, or there is
    //! nothing to release; only its author can tell which, so the code has to say it.
    //!
    //! # Example
    //!
    //! ```compile_fail,E0277
    //! struct Pool;
    //!
    //! #[lifecycle::resource]
    //! struct Database {
    //!     pool: Pool, // error: nothing says how `Database` is released
    //! }
    //! # fn main() {}
    //! ```
    //!
    //! # The fix
    //!
    //! Name the method on the field; or write an `impl Teardown`; or say why there is nothing to do.
    //!
    //! ```
    //! use lifecycle::Teardown;
    //! # struct Pool;
    //! # impl Pool { async fn close(&self) {} }
    //!
    //! #[lifecycle::resource]
    //! struct Database {
    //!     #[teardown(close)]
    //!     pool: Pool,
    //! }
    //!
    //! #[lifecycle::resource]
    //! struct Broker {
    //!     pool: Pool,
    //! }
    //!
    //! #[lifecycle::teardown]
    //! impl Teardown for Broker {
    //!     async fn teardown(&self) {
    //!         self.pool.close().await;
    //!     }
    //! }
    //!
    //! #[lifecycle::resource(no_teardown = "a cache in memory")]
    //! struct Cache {
    //!     entries: Vec<String>,
    //! }
    //! # fn main() { let _ = (Database { pool: Pool }, Broker { pool: Pool }, Cache { entries: vec![] }.entries); }
    //! ```
}

pub mod unreleased_field {
    //! A field that would leak, and that nothing handles.
    //!
    //! # Why
    //!
    //! Some values must not just be dropped, and at the exit of a process not even that happens: a buffer is not
    //! flushed, a task is cut off in the middle, a socket file stays behind. It goes well in every test and loses the
    //! last seconds in production.
    //!
    //! # Example
    //!
    //! ```compile_fail,E0080
    //! use std::{fs::File, io::BufWriter, sync::Mutex};
    //! use tokio::task::JoinHandle;
    //!
    //! #[lifecycle::resource]
    //! struct Journal {
    //!     #[teardown]
    //!     file: Mutex<BufWriter<File>>,
    //!     writer: JoinHandle<()>, // error: nothing releases the `JoinHandle` in `Journal::writer`
    //! }
    //! # fn main() {}
    //! ```
    //!
    //! # The fix
    //!
    //! What the message says. Mostly it is a bare `#[teardown]`, which does what is right for the type; what can only
    //! be released by value goes into a [`Slot`](crate::Slot) first.
    //!
    //! ```
    //! use lifecycle::{Slot, Teardown};
    //! use std::{fs::File, io::BufWriter, sync::Mutex};
    //! use tokio::task::JoinHandle;
    //!
    //! #[lifecycle::resource]
    //! struct Journal {
    //!     #[teardown] // flushes and syncs it
    //!     file: Mutex<BufWriter<File>>,
    //!     #[teardown] // waits for the task
    //!     writer: Slot<JoinHandle<()>>,
    //!     #[teardown(skip = "only read")]
    //!     config: File,
    //!     other: JoinHandle<()>,
    //! }
    //!
    //! #[lifecycle::teardown]
    //! impl Teardown for Journal {
    //!     async fn teardown(&self) {
    //!         self.other.abort(); // it is named here, and so handled
    //!     }
    //! }
    //! # fn main() { let _ = |journal: Journal| drop((journal.file, journal.writer, journal.config)); }
    //! ```
    //!
    //! A generic struct is looked into where it is used with parameters: managed, held, or named in `depends_on`. Where
    //! it is only managed, that is when the program is built, and `cargo check` does not see it.
    //!
    //! ```compile_fail,E0080
    //! #[lifecycle::resource(no_teardown = "memory only")]
    //! struct Cache<T> {
    //!     values: Vec<T>,
    //!     journal: std::fs::File, // error: nothing releases the `std::fs::File` in `Cache::journal`
    //! }
    //!
    //! # fn open() -> std::fs::File { unreachable!() }
    //! # fn main() {
    //! lifecycle::manage(Cache { values: vec![1, 2, 3], journal: open() });
    //! # }
    //! ```
    //!
    //! # What is known
    //!
    //! The type of the field is asked, whatever it is called: aliases and re-exports are seen through, and so are
    //! `Option`, `Arc`, `Box`, `Pin`, `Vec`, `VecDeque`, arrays, the values of maps, `Mutex`, `RwLock`, `OnceLock` and
    //! `OnceCell` of std and tokio, and `Slot`.
    //!
    //! | types | lost without release | a bare `#[teardown]` |
    //! |---|---|---|
    //! | `File`, `tokio::fs::File` | errors of the last writes; tokio's last writes | `sync_all` |
    //! | `BufWriter`, `LineWriter`, tokio's `BufWriter` | what is in the buffer | in a `Mutex`: flushes, and syncs a file |
    //! | `TcpListener` of std and tokio | who connects is reset without an answer | in a `Slot`: closes it |
    //! | `UnixListener` of std and tokio | the socket file stays behind | removes it |
    //! | `JoinHandle` of std and tokio, `JoinSet` | tasks and threads are cut off | in a `Slot` or `Mutex`: waits for the end |
    //! | `Child` of std and tokio | it goes on without its parent | in a `Slot` or `Mutex`: SIGTERM, then waits |
    //! | `mpsc::Sender` and its like of std and tokio | the receiver waits for ever | in a `Slot`: drops it |
    //! | `sqlx`: `Pool`, `PoolConnection`, `Transaction` | sessions of the server; the pool's end | closes them; a transaction is yours to commit |
    //! | `redis`: `MultiplexedConnection`, `ConnectionManager`, `PubSub` | commands on their way | in a `Slot`: drops it |
    //! | `lapin`: `Connection`, `Channel`, `Consumer` | publishes and acknowledgements on their way | closes them; a consumer is cancelled on its channel |
    //! | `async-nats`: `Client`, `Subscriber` | messages not yet sent | flushes, has the server answer, and drains; in a `Mutex` of tokio: unsubscribes |
    //! | `tracing-appender`: `WorkerGuard` | the last log lines | in a `Slot`: writes them |
    //! | `opentelemetry`: the three `Sdk..Provider` | the last spans, metrics, logs | exports them, and shuts down |
    //!
    //! Where the server is gone, a teardown fails if something may be lost that nobody else heard of: a `lapin`
    //! connection that broke, or that the broker has closed, may have lost its last publishes; a NATS client asks the
    //! server whether it has them. Of a database pool and a Redis connection each statement and command has an answer,
    //! and whoever sent it had the error: to close them loses nothing more, so that it asks no server, and succeeds.
    //!
    //! Those of a client library are known with the feature of its name. A type of yours joins them by
    //! [`needs_release!`](crate::needs_release), a plain struct shows its fields by
    //! [`derive(Holds)`](crate::Holds).
    //!
    //! # What counts as handled
    //!
    //! - an attribute on the field: `#[teardown(..)]` or `#[teardown(skip = "why")]`
    //! - the field is named, as `self.field`, in the body of `teardown` under `#[lifecycle::teardown]`; to look at it
    //!   is enough
    //! - that body hands `self` on, or calls a method of it: then every field is
    //! - an `impl Teardown` without the attribute, which is believed
    //!
    //! # What it does not see
    //!
    //! - into a plain struct without `derive(Holds)`, into a tuple, and behind a `dyn Trait`
    //! - a field whose type is a parameter of the struct, or in one
    //! - a type whose name is `String`, `Duration`, `u64` or another of the plain ones, or `Managed`: those are not
    //!   even asked, for the sake of compile times, so an alias of such a name hides what it means
    //!
    //! [`Managed`](crate::Managed) is fine: what it holds is a resource of its own.
}

pub mod dependency_cycle {
    //! Resources that depend on each other.
    //!
    //! # Why
    //!
    //! What depends on something is torn down before it. In a circle no one could be first.
    //!
    //! # Example
    //!
    //! ```compile_fail,E0080
    //! use lifecycle::Managed;
    //!
    //! #[lifecycle::resource(no_teardown = "memory only")]
    //! struct Orders {
    //!     stock: Managed<Stock>,
    //! }
    //!
    //! // error: `Orders` is needed by itself, through the field `stock` and this `depends_on`
    //! #[lifecycle::resource(depends_on(Orders), no_teardown = "memory only")]
    //! struct Stock;
    //!
    //! #[lifecycle::main]
    //! async fn main() {}
    //! # fn uses(orders: Orders) -> Managed<Stock> { let _ = Stock; orders.stock }
    //! ```
    //!
    //! The message tells the whole circle, with the reason of each edge. What can only be seen in the linked program,
    //! through generics or more than 64 types, is found before the body of `main` runs: exit status 78.
    //!
    //! # The fix
    //!
    //! Break the circle where one of them can do without the other; what both need becomes a third, which neither is.
    //! `Managed<Self>` is no circle: it orders instances of one type.
}

pub mod order_contradiction {
    //! An `order` that would close something before what depends on it.
    //!
    //! # Why
    //!
    //! Smaller orders are torn down first, in the whole program, and a dependency is torn down last. If `Orders` needs
    //! `Database`, and `Database` has the smaller order, one of the two is wrong.
    //!
    //! # Example
    //!
    //! ```compile_fail,E0080
    //! use lifecycle::Managed;
    //!
    //! #[lifecycle::resource(order = 1, no_teardown = "memory only")]
    //! struct Database;
    //!
    //! // error: it needs `Database`, whose order 1 is before 2
    //! #[lifecycle::resource(order = 2, no_teardown = "memory only")]
    //! struct Orders {
    //!     db: Managed<Database>,
    //! }
    //!
    //! #[lifecycle::main]
    //! async fn main() {}
    //! # fn uses(orders: Orders) -> Managed<Database> { let _ = Database; orders.db }
    //! ```
    //!
    //! What can only be seen in the linked program is found before the body of `main` runs: exit status 78.
    //!
    //! # The fix
    //!
    //! Mostly: leave `order` out. The field has said it already. Orders are for what no field shows, and for the
    //! binary: a library says `depends_on`.
}

pub mod not_a_resource {
    //! `depends_on` names a type that is no resource.
    //!
    //! # Why
    //!
    //! Only resources are torn down, so nothing could come before it.
    //!
    //! # Example
    //!
    //! ```compile_fail,E0277
    //! struct Database;
    //!
    //! // error: `Database` is not a resource
    //! #[lifecycle::resource(depends_on(Database), no_teardown = "memory only")]
    //! struct Orders;
    //! # fn main() {}
    //! ```
    //!
    //! # The fix
    //!
    //! Put `#[lifecycle::resource]` on it. A type of another crate goes into a struct of yours.
    //!
    //! ```
    //! #[lifecycle::resource(no_teardown = "memory only")]
    //! struct Database;
    //!
    //! #[lifecycle::resource(depends_on(Database), no_teardown = "memory only")]
    //! struct Orders;
    //! # fn main() { let _ = (Database, Orders); }
    //! ```
}

pub mod stray_teardown {
    //! A `teardown` attribute where it means nothing.
    //!
    //! # Why
    //!
    //! It looks as if something were released there, and nothing is.
    //!
    //! # Example
    //!
    //! ```compile_fail
    //! struct Database;
    //!
    //! #[lifecycle::teardown] // error: it goes on `impl Teardown for ..`
    //! impl Database {
    //!     async fn close(&self) {}
    //! }
    //! # fn main() {}
    //! ```
    //!
    //! On a field of a struct that is no resource no macro is asked, and the compiler speaks for itself: "cannot find
    //! attribute `teardown` in this scope", with the note that it "can be used by the derive macro `lifecycle_resource`",
    //! or, after a `use lifecycle::teardown`, "expected non-macro attribute". Both mean the same, and the fix is
    //! `#[lifecycle::resource]` on the struct.
    //!
    //! # The fix
    //!
    //! On a field of a `#[lifecycle::resource]`, or on the impl of [`Teardown`](trait@crate::Teardown).
    //!
    //! ```
    //! use lifecycle::Teardown;
    //!
    //! #[lifecycle::resource]
    //! struct Database;
    //!
    //! #[lifecycle::teardown]
    //! impl Teardown for Database {
    //!     async fn teardown(&self) {}
    //! }
    //! # fn main() { let _ = Database; }
    //! ```
}

pub mod bad_attribute {
    //! A key, a value or an item that an attribute does not know.
    //!
    //! # Why
    //!
    //! A key that is misspelt must not be a key that is left out: the service would stop in another way than its code
    //! says. So durations, orders and signals are read while it is compiled, and all mistakes of an item are told at
    //! once, each at its token.
    //!
    //! # Example
    //!
    //! ```compile_fail
    //! #[lifecycle::resource(oder = 2, timeout = "5 parsecs", no_teardown = "memory only")]
    //! struct Cache; // error: unknown key `oder`, did you mean `order`?
    //! # fn main() {}
    //! ```
    //!
    //! # The fix
    //!
    //! The keys are listed at [`main`](macro@crate::main), [`resource`](macro@crate::resource) and
    //! [`teardown`](macro@crate::teardown).
    //!
    //! ```
    //! #[lifecycle::resource(order = 2, timeout = "5s", no_teardown = "memory only")]
    //! struct Cache;
    //! # fn main() { let _ = Cache; }
    //! ```
}

pub mod redundant_dependency {
    //! The warnings `implied_dependency` and `duplicate_dependency`: `depends_on` says what is said already.
    //!
    //! # Why
    //!
    //! A field of type [`Managed<Database>`](crate::Managed) is the dependency. Said twice, one of the two will be
    //! forgotten when the code changes, and the plan keeps an edge that nothing needs. The same goes for a resource that
    //! is listed twice, under two names.
    //!
    //! # Example
    //!
    //! ```compile_fail
    //! #![deny(deprecated)] // it is a warning, which this makes an error
    //! use lifecycle::Managed;
    //!
    //! #[lifecycle::resource(no_teardown = "memory only")]
    //! struct Database;
    //!
    //! // warning: `implied_dependency`: a field holds a `Managed` of this resource, which is the dependency
    //! #[lifecycle::resource(depends_on(Database), no_teardown = "memory only")]
    //! struct Orders {
    //!     db: Managed<Database>,
    //! }
    //! # fn main() {}
    //! ```
    //!
    //! # The fix
    //!
    //! Remove it from `depends_on`; or allow the warning by its name, where the list is to be complete.
    //!
    //! ```
    //! # #![deny(deprecated)]
    //! use lifecycle::Managed;
    //!
    //! #[lifecycle::resource(no_teardown = "memory only")]
    //! struct Database;
    //!
    //! #[lifecycle::resource(no_teardown = "memory only")]
    //! struct Orders {
    //!     db: Managed<Database>,
    //! }
    //!
    //! #[lifecycle::resource(depends_on(Database), allow(implied_dependency), no_teardown = "memory only")]
    //! struct Invoices {
    //!     db: Managed<Database>,
    //! }
    //! # fn main() {
    //! #     let _ = |orders: Orders, invoices: Invoices| { let _ = Database; (orders.db, invoices.db) };
    //! # }
    //! ```
    //!
    //! Only types can tell, and the compiler has one way to warn of that: rustc calls it `deprecated`, and
    //! `#[allow(deprecated)]` on the struct silences both.
}
