//! The compile-time lints: one page for each.
//!
//! The message of an error begins with the path of its page, such as `lifecycle::lints::unreleased_field`.
//!
//! | lint | reports |
//! |---|---|
//! | [`missing_teardown`] | a resource that nothing releases |
//! | [`unreleased_field`] | a field that loses something, because nothing releases it |
//! | [`dependency_cycle`] | resources that depend on each other |
//! | [`order_contradiction`] | an `order` that tears a dependency down too early |
//! | [`not_a_resource`] | a type in `depends_on` that is not a resource |
//! | [`stray_teardown`] | a `teardown` attribute in a place where it has no effect |
//! | [`bad_attribute`] | an unknown key, a wrong value, or an item that the attribute cannot apply to |

pub mod missing_teardown {
    //! Reports a resource that nothing releases.
    //!
    //! # Why
    //!
    //! A resource has to be released when the service stops. If the code does not say how, either the author forgot it,
    //! or there is nothing to release. Only the author knows which, so the code has to say it.
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
    //! Name the method on the field, or implement `Teardown`, or say why there is nothing to release.
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
    //! Reports a field that loses something, because nothing releases it.
    //!
    //! # Why
    //!
    //! Some values lose data if the program only drops them. At the exit of a process they are not even dropped. A buffer
    //! is not flushed, a task is cut off, a socket file stays. Such a loss passes every test and appears in production.
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
    //! The message says what to write. In most cases it is a bare `#[teardown]`, which knows how to release the type. A
    //! value that is released by value needs a [`Slot`](crate::Slot) around it.
    //!
    //! ```
    //! use lifecycle::{Slot, Teardown};
    //! use std::{fs::File, io::BufWriter, sync::Mutex};
    //! use tokio::task::JoinHandle;
    //!
    //! #[lifecycle::resource]
    //! struct Journal {
    //!     #[teardown] // flushes and syncs the file
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
    //!         self.other.abort(); // the body names the field
    //!     }
    //! }
    //! # fn main() { let _ = |journal: Journal| drop((journal.file, journal.writer, journal.config)); }
    //! ```
    //!
    //! The lint checks a generic struct where it is used with concrete types: managed, held, or listed in `depends_on`. If
    //! it is only managed, the error appears in `cargo build`, and not in `cargo check`.
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
    //! # Known types
    //!
    //! The modules below list the known types, what is lost without release, and what a bare `#[teardown]` does. A client
    //! library is known with the feature of its name.
    //!
    //! A type is known if a drop of it loses something: it buffers, batches, writes a footer, holds a lease, or keeps a task
    //! or a receiver waiting. A client that answers every call needs no release. A writer into memory needs none either.
    //!
    //! The lint sees the type of a field through aliases and re-exports. It looks into these wrappers:
    //!
    //! - `Option`, `Result`, `Arc`, `Box`, `Pin`, references, and tuples
    //! - `Vec`, `VecDeque`, arrays, slices, and the values of maps
    //! - `Mutex`, `RwLock`, `OnceLock`, `LazyLock`, `OnceCell` of tokio, and `Slot`
    //! - with the feature of its name, the locks and cells of `parking_lot`, `arc-swap` and `once_cell`
    //!
    //! [`needs_release!`](crate::needs_release) adds a type of your own, and [`known_types!`](crate::known_types) types of
    //! other crates. [`derive(Holds)`](crate::Holds) lets the lint look into a plain struct.
    //!
    //! # Who confirms
    //!
    //! The last column of each table says who confirms the release (R22). A release ends as one of these:
    //!
    //! | outcome | meaning |
    //! |---|---|
    //! | `ok` | the peer has confirmed, or nothing was outstanding |
    //! | `unconfirmed: <reason>` | nobody can confirm, and nothing is known to be lost. The exit status stays 0 |
    //! | failed, with the error | something is lost, or the peer should have confirmed and has not |
    //!
    //! A teardown of your own says the second by [`unconfirmed`](crate::unconfirmed).
    //!
    //! # Which fields count as released
    //!
    //! - A field with `#[teardown(..)]` or `#[teardown(skip = "why")]`.
    //! - A field that the body of `teardown` names as `self.field`, under `#[lifecycle::teardown]`. Any use counts.
    //! - Every field, if that body passes `self` on or calls a method of it.
    //!
    //! # What the lint does not see
    //!
    //! - The fields of a plain struct without `derive(Holds)`, and of a `dyn Trait`.
    //! - A tuple that an alias hides, or that is in a wrapper of another name than those above.
    //! - A field whose type is, or contains, a type parameter of the struct.
    //! - A type with the name of a plain type, such as `String`, `Duration` or `u64`, or with the name `Managed`. The macro
    //!   skips these names to save compile time, so an alias with such a name hides its type.
    //!
    //! A [`Managed`](crate::Managed) needs no release: the value behind it is a resource of its own.

    #[allow(unreachable_pub, unused_imports, reason = "without a feature there are no clients")]
    pub use crate::release::clients::*;
    #[cfg(all(feature = "tokio-types", not(loom)))]
    pub use crate::release::tokio_types;
    pub use crate::release::{std, tokio};
}

pub mod dependency_cycle {
    //! Reports resources that depend on each other.
    //!
    //! # Why
    //!
    //! A resource is torn down before everything that it depends on. In a cycle no resource could be the first.
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
    //! // error: `Orders` before (field `stock`) `Stock` before (`depends_on`) `Orders`
    //! #[lifecycle::resource(depends_on(Orders), no_teardown = "memory only")]
    //! struct Stock;
    //!
    //! #[lifecycle::main]
    //! async fn main() {}
    //! # fn uses(orders: Orders) -> Managed<Stock> { let _ = Stock; orders.stock }
    //! ```
    //!
    //! The message lists the whole cycle, with the reason of each edge. Only the linked program shows a cycle through a
    //! generic type, or through more than 64 types. Then the error comes before the body of `main` runs, and the exit
    //! status is 78.
    //!
    //! # The fix
    //!
    //! Remove the edge that is not needed. If both resources need each other, move the common part into a third resource.
    //! `Managed<Self>` is not a cycle: it orders instances of one type.
}

pub mod order_contradiction {
    //! Reports an `order` that tears a dependency down too early.
    //!
    //! # Why
    //!
    //! In the whole program, resources with a smaller `order` are torn down first. A dependency is torn down last. If
    //! `Orders` depends on `Database`, and `Database` has the smaller order, one of the two declarations is wrong.
    //!
    //! # Example
    //!
    //! ```compile_fail,E0080
    //! use lifecycle::Managed;
    //!
    //! #[lifecycle::resource(order = 1, no_teardown = "memory only")]
    //! struct Database;
    //!
    //! // error: it depends on `Database`, but the order 1 comes before the order 2
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
    //! Only the linked program shows some contradictions. Then the error comes before the body of `main` runs, and the exit
    //! status is 78.
    //!
    //! # The fix
    //!
    //! Remove `order`, because the field declares the dependency already. Use `order` in a binary, for a dependency that no
    //! field shows. A library uses `depends_on`.
}

pub mod not_a_resource {
    //! Reports a type in `depends_on` that is not a resource.
    //!
    //! # Why
    //!
    //! Only resources are torn down, so nothing can be torn down before another type.
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
    //! Put `#[lifecycle::resource]` on the type. Wrap a type of another crate in a struct of your own.
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
    //! Reports a `teardown` attribute in a place where it has no effect.
    //!
    //! # Why
    //!
    //! The code looks as if it released something, and it does not.
    //!
    //! # Example
    //!
    //! ```compile_fail
    //! struct Database;
    //!
    //! #[lifecycle::teardown] // error: it applies to `impl Teardown for ..`
    //! impl Database {
    //!     async fn close(&self) {}
    //! }
    //! # fn main() {}
    //! ```
    //!
    //! On a field of a plain struct rustc reports the error in its own words, because no macro sees the field:
    //!
    //! - "cannot find attribute `teardown` in this scope", with a note that the derive macro `lifecycle_resource` uses it
    //! - "expected non-macro attribute", after a `use lifecycle::teardown`
    //!
    //! The fix for both is `#[lifecycle::resource]` on the struct.
    //!
    //! # The fix
    //!
    //! Put the attribute on a field of a `#[lifecycle::resource]`, or on the impl of
    //! [`Teardown`](trait@crate::Teardown).
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
    //! Reports an unknown key, a wrong value, or an item that the attribute cannot apply to.
    //!
    //! # Why
    //!
    //! A misspelt key must not act like a missing key: the service would stop in another way than its code says. So the
    //! macros check keys, durations, orders and signals. One compile reports all mistakes of an item, each at its token.
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
    //! The docs of [`main`](macro@crate::main), [`resource`](macro@crate::resource) and
    //! [`teardown`](macro@crate::teardown) list the keys.
    //!
    //! # A method that takes `self`
    //!
    //! A teardown takes `&self`, so `#[teardown(close)]` cannot call a `close(self)`. rustc then reports that it "cannot
    //! move out of `make_it_a_slot_and_add_take.client`". The name says the fix: put the value into a
    //! [`Slot`](crate::Slot), and add `take`.
    //!
    //! ```
    //! use lifecycle::Slot;
    //! # struct Client;
    //! # impl Client { async fn close(self) {} }
    //!
    //! #[lifecycle::resource]
    //! struct Session {
    //!     #[teardown(close, take)]
    //!     client: Slot<Client>,
    //! }
    //! # fn main() { let _ = Session { client: Slot::new(Client) }; }
    //! ```
    //!
    //! # An impl without the attribute
    //!
    //! An `impl Teardown` without `#[lifecycle::teardown]` above it has no `type Output`. rustc reports that (E0046), and
    //! the next error says what is missing.
    //!
    //! ```
    //! #[lifecycle::resource(order = 2, timeout = "5s", no_teardown = "memory only")]
    //! struct Cache;
    //! # fn main() { let _ = Cache; }
    //! ```
}
