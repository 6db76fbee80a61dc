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
//! # What is reported
//!
//! A client that answers every call needs no release. A client that buffers, batches, leases or writes a footer does. The
//! lint follows that rule for files and tasks as well:
//!
//! | a value that | loses without a release | for example |
//! |---|---|---|
//! | buffers | the bytes that are not written yet, and the error of writing them | `BufWriter`, `csv::Writer` |
//! | batches | the messages, spans or rows of the last batch | a Kafka producer, a tracer provider |
//! | leases | a session, a lock or a message that the server holds until it notices | a pool, a consumer |
//! | writes a footer | the whole file: no program can read it | `zip::ZipWriter`, `GzEncoder` |
//! | runs work | the work, which is cut off | `JoinHandle`, `Runtime`, `Child` |
//! | keeps a receiver waiting | the end of the receiver | `mpsc::Sender` |
//! | leaves a file | disk space, or the next start | `TempDir`, `UnixListener` |
//!
//! # Known types
//!
//! The modules below list the known types: one module for std, one for tokio, and one for each client library. The first
//! column of each table names the type, the second what is lost, and the third what a bare `#[teardown]` does. The fourth
//! column is explained [below](#who-confirms).
//!
//! The types of a client library are known with the feature of its name:
//!
//! ```toml
//! [dependencies]
//! lifecycle = { package = "shutdown-core", version = "0.1", features = ["sqlx", "zip"] }
//! ```
//!
//! [`unknown_client`](super::unknown_client) warns of a field whose library has such a feature that is not turned on.
//!
//! The lint sees the type of a field through aliases and re-exports. It looks into these wrappers:
//!
//! - `Option`, `Result`, `Arc`, `Box`, `Pin`, references, and tuples
//! - `Vec`, `VecDeque`, arrays, slices, and the values of maps
//! - `Mutex`, `RwLock`, `OnceLock`, `LazyLock`, `OnceCell` of tokio, and `Slot`
//! - with the feature of its name, the locks and cells of `parking_lot`, `arc-swap` and `once_cell`
//!
//! A writer into memory needs no release, because its bytes are lost with the process in any case: `Vec<u8>`, `Cursor`,
//! `Sink`, and each known writer around one of them.
//!
//! # Types of other crates
//!
//! | the type | is known by |
//! |---|---|
//! | of your own crate | [`needs_release!`](crate::needs_release) |
//! | of another crate | [`known_types!`](crate::known_types) |
//! | a plain struct that holds known types | [`derive(Holds)`](crate::Holds) |
//!
//! [`ready_made`](super::ready_made) has the lines for tantivy, RocksDB, rusqlite, parquet, `object_store`, Google Pub/Sub,
//! Pulsar, Loki, Pyroscope and others.
//!
//! # What needs no release
//!
//! | library | reason |
//! |---|---|
//! | `reqwest` | Each request has its response. A request in flight is a part of the task that awaits it, and the drain waits for that task. |
//! | `tonic` (`Channel`) | Each call has its response or status. The end of a client stream is confirmed to the caller by the response. |
//! | `aws-sdk-*` | Each operation has its response. An upload in parts is a lease: complete or abort it where it began. |
//! | `scylla` (`Session`) | Each statement has its response. A session holds no locks at the server. |
//! | `elasticsearch` | Each call is one HTTP request with its response, also `bulk`. |
//! | `moka` | The cache is memory, without a thread. A drop calls no eviction listener, so do not write through the listener. |
//! | `notify` | A watcher only reads. Its thread ends with the process, and an event that was not read is still visible in the file. |
//!
//! A client of another library belongs to this list if three answers are "no":
//!
//! - Can a call return before the server has the data?
//! - Does the server, or the disk, hold something until the client says goodbye?
//! - Does the client run work in the background that nobody awaits?
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
//! | `arc-swap` | `arc-swap` | 1.7 | 1.88 |
//! | `async-nats` | `async-nats` | 0.51 | 1.89 |
//! | `async-nats050` | `async-nats` | 0.50 | 1.88 |
//! | `bb8` | `bb8` | 0.9 | 1.88 |
//! | `clickhouse` | `clickhouse` | 0.15 | 1.89 |
//! | `crossbeam-channel` | `crossbeam-channel` | 0.5.13 | 1.88 |
//! | `csv` | `csv` | 1.3 | 1.88 |
//! | `deadpool` | `deadpool` | 0.13 | 1.88 |
//! | `flate2` | `flate2` | 1 | 1.88 |
//! | `flume` | `flume` | 0.12 | 1.88 |
//! | `fred` | `fred` | 10 | 1.88 |
//! | `lapin` | `lapin` | 4 | 1.88 |
//! | `lapin3` | `lapin` | 3.7 | 1.88 |
//! | `mongodb` | `mongodb` | 3 | 1.88 |
//! | `mysql_async` | `mysql_async` | 0.37 | 1.88 |
//! | `once_cell` | `once_cell` | 1.19 | 1.88 |
//! | `opentelemetry` | `opentelemetry` | 0.33 | 1.88 |
//! | `parking_lot` | `parking_lot` | 0.12.3 | 1.88 |
//! | `quinn` | `quinn` | 0.11 | 1.88 |
//! | `r2d2` | `r2d2` | 0.8.10 | 1.95 |
//! | `rdkafka` | `rdkafka` | 0.39 | 1.88 |
//! | `redb` | `redb` | 4.5 | 1.90 |
//! | `redis` | `redis` | 1 | 1.88 |
//! | `rumqttc` | `rumqttc` | 0.25 | 1.88 |
//! | `sea-orm` | `sea-orm` | 2 | 1.94 |
//! | `sea-orm1` | `sea-orm` | 1.1.20 | 1.88 |
//! | `sentry` | `sentry` | 0.49 | 1.88 |
//! | `sqlx` | `sqlx` | 0.9 | 1.94 |
//! | `sqlx08` | `sqlx` | 0.8.6 | 1.88 |
//! | `tar` | `tar` | 0.4 | 1.88 |
//! | `tempfile` | `tempfile` | 3.10 | 1.88 |
//! | `tokio-postgres` | `tokio-postgres` | 0.7.10 | 1.88 |
//! | `tokio-util` | `tokio-util` | 0.7.13 | 1.88 |
//! | `tracing-appender` | `tracing-appender` | 0.2.3 | 1.88 |
//! | `zip` | `zip` | 9 | 1.88 |
//!
//! # Who confirms
//!
//! The fourth column of each table says who confirms the release. The report writes one of four outcomes (R22):
//!
//! | the report | means |
//! |---|---|
//! | `ok` | The peer has confirmed the release: the server has answered, the kernel has synced the file, or the task has ended. |
//! | `ok` | Nothing was outstanding: each call had its answer before. |
//! | `unconfirmed: <reason>` | Nobody can confirm the release, and nothing is known to be lost. The exit status is 0. |
//! | a failure | Something is lost, or a confirmation has not come in time. The exit status is 70. |
//!
//! The entry "the kernel, after `sync_all`" means that the bytes are on the disk. An error of an earlier write is reported
//! too. A `Box<dyn Write>` hides its file, so it is only flushed. The kernel then has the bytes, and a power failure can
//! still lose them.
//!
//! A sentence below each table says whether the release was run against a real server, and in which version.
//!
//! A teardown of your own calls [`unconfirmed`](crate::unconfirmed) if it has no confirmation.
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
