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
//! library is known with the feature of its name. Without it, [`unknown_client`](super::unknown_client) warns of the field.
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
//! # Versions of client libraries
//!
//! The version of a feature does not change within a major version of this crate. A new major version of a client is a
//! new feature: after `sqlx` (0.9), the next one is `sqlx010`. The older feature stays, so an update of `lifecycle` never
//! forces an update of a client. Several versions of a client can be on at once, and the lint knows the types of each.
//!
//! The column `Rust` has the minimum Rust version (MSRV) with the feature. Without these features the MSRV is 1.88.
//!
//! | feature | crate | version | Rust |
//! |---|---|---|---|
//! | `arc-swap` | arc-swap | 1.7 | 1.88 |
//! | `async-nats` | async-nats | 0.51 | 1.89 |
//! | `async-nats050` | async-nats | 0.50 | 1.88 |
//! | `bb8` | bb8 | 0.9 | 1.88 |
//! | `crossbeam-channel` | crossbeam-channel | 0.5.13 | 1.88 |
//! | `csv` | csv | 1.3 | 1.88 |
//! | `deadpool` | deadpool | 0.13 | 1.88 |
//! | `flate2` | flate2 | 1 | 1.88 |
//! | `flume` | flume | 0.12 | 1.88 |
//! | `lapin` | lapin | 4 | 1.88 |
//! | `lapin3` | lapin | 3.7 | 1.88 |
//! | `mysql_async` | mysql_async | 0.37 | 1.88 |
//! | `once_cell` | once_cell | 1.19 | 1.88 |
//! | `opentelemetry` | opentelemetry_sdk | 0.33 | 1.88 |
//! | `parking_lot` | parking_lot | 0.12.3 | 1.88 |
//! | `r2d2` | r2d2 | 0.8.10 | 1.95 |
//! | `rdkafka` | rdkafka | 0.39 | 1.88 |
//! | `redis` | redis | 1 | 1.88 |
//! | `rumqttc` | rumqttc | 0.25 | 1.88 |
//! | `sentry` | sentry | 0.49 | 1.88 |
//! | `sqlx` | sqlx | 0.9 | 1.94 |
//! | `sqlx08` | sqlx | 0.8.6 | 1.88 |
//! | `tar` | tar | 0.4 | 1.88 |
//! | `tempfile` | tempfile | 3.10 | 1.88 |
//! | `tokio-postgres` | tokio-postgres | 0.7.10 | 1.88 |
//! | `tokio-util` | tokio-util | 0.7.13 | 1.88 |
//! | `tracing-appender` | tracing-appender | 0.2.3 | 1.88 |
//! | `zip` | zip | 9 | 1.88 |
//!
//! # Who confirms
//!
//! A release that ends with `ok` means:
//!
//! | type | confirmed by |
//! |---|---|
//! | files and writers | the kernel: `sync_all` has succeeded |
//! | telemetry providers | the collector, within 5 s |
//! | NATS clients | the server, which answers a last request |
//! | AMQP connections | the broker, which answers the close |
//! | tasks, threads, trackers, children, runtimes | their end |
//! | SQL pools | the return of every connection; each statement had its own answer |
//! | Redis connections, senders, listeners | nobody: they are dropped, and nothing is outstanding that a caller waits for |
//! | `WorkerGuard` | its writer thread, which has ended. A drop that takes 1 s or more is a failure |
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
