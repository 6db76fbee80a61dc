//! Lines to copy, by which a program tells the lint [`unreleased_field`](super::unreleased_field) about types of other
//! crates.
//!
//! These crates have no feature in `lifecycle`: some take minutes to build, some have few users, and some have no single
//! right release. [`known_types!`](crate::known_types) makes their types known in one crate. The lint then reports a field
//! that nothing releases, and a bare `#[teardown]` releases it.
//!
//! 1. Copy the `known_types!` block into the root of your crate (`main.rs` or `lib.rs`). A crate has one such block, which
//!    may have several entries.
//! 2. Copy the trait next to it, if there is one. It gives the type one method that does all of the release.
//! 3. Write the field as in the example.
//!
//! A test compiles and runs these lines, except those of rocksdb, google-cloud-pubsub and pulsar, whose builds need other programs or take longer than a minute.
//! The lines of those three were checked against the source of the version in the table.
//!
//! | crate | type | lost without release | who confirms |
//! |---|---|---|---|
//! | [tantivy](#tantivy) 0.27 | `IndexWriter` | the documents since the last commit | the kernel: a commit syncs |
//! | [rocksdb](#rocksdb) 0.25 | `DB` | writes that are only in memory | the kernel, after a sync |
//! | [rusqlite](#rusqlite) 0.43 | `Connection` | an open transaction; the log stays as a file | the kernel, after a sync |
//! | [parquet](#parquet) 60 | `ArrowWriter` | the whole file: rows and footer | the kernel, after `sync_all` |
//! | [`object_store`](#object_store) 0.14 | `buffered::BufWriter` | the whole object | the store, which answers the end of the upload |
//! | [async-compression](#async-compression) 0.4 | `GzipEncoder` | the last block and the checksum | the kernel, after `sync_all` |
//! | [google-cloud-pubsub](#google-cloud-pubsub) 1.3 | `Publisher` | the messages of the current batches | nobody: a flush returns no errors |
//! | | `ShutdownToken` | acknowledgements on their way | the server, which answers each one |
//! | [pulsar](#pulsar) 6.9 | `Producer` | the messages of the current batch | the broker, to the `SendFuture` of each message |
//! | [tracing-loki](#tracing-loki) 0.2 | `BackgroundTaskController` | the log lines in the queue | nobody: an error is only logged |
//! | [pyroscope](#pyroscope) 2.1 | `PyroscopeAgent` | the profile since the last upload | nobody: an error is only logged |
//! | [tokio-cron-scheduler](#tokio-cron-scheduler) 0.15 | `JobScheduler` | jobs that run are cut off | each job, by its pass |
//!
//! # tantivy
//!
//! A drop of the writer throws the documents since the last commit away. `commit` writes and syncs them, and
//! `wait_merging_threads` lets the merges end, which the exit would otherwise cut off.
//!
//! ```text
#![doc = include_str!("../../ready-made/tantivy.rs")]
//! ```
//!
//! # rocksdb
//!
//! A write with the write-ahead log survives the exit of the process, and a power failure only after a sync. A write without
//! the log is in memory until a flush. `cancel_all_background_work(true)` waits for the flushes and compactions under way.
//!
//! ```text
#![doc = include_str!("../../ready-made/rocksdb.rs")]
//! ```
//!
//! # rusqlite
//!
//! A statement that has returned is in the database or in its write-ahead log. The close ends the log: SQLite merges it into
//! the database and removes the file. An open transaction is rolled back, so commit it where it began.
//!
//! ```text
#![doc = include_str!("../../ready-made/rusqlite.rs")]
//! ```
//!
//! # parquet
//!
//! The footer says where the columns are, so a file without it is unreadable. The writer also holds the rows of the current
//! row group in memory. `into_inner` writes both, but it does not sync the file.
//!
//! ```text
#![doc = include_str!("../../ready-made/parquet.rs")]
//! ```
//!
//! # `object_store`
//!
//! `flush` does nothing: only `shutdown` uploads a small object, or completes an upload in parts. Parts without an end stay
//! at the store, and cost money there.
//!
//! ```text
#![doc = include_str!("../../ready-made/object_store.rs")]
//! ```
//!
//! # async-compression
//!
//! `flush` writes no trailer. `shutdown` finishes the stream and shuts the inner writer down. The other encoders of the crate
//! are released in the same way.
//!
//! ```text
#![doc = include_str!("../../ready-made/async_compression.rs")]
//! ```
//!
//! # google-cloud-pubsub
//!
//! `flush` waits until each message has been published or refused, and returns neither. The future of `publish` has the
//! result of its message. If the program awaits each one, remove the line with `unconfirmed`. A `ShutdownToken` ends the
//! stream of a subscriber, and waits for its acknowledgements.
//!
//! ```text
#![doc = include_str!("../../ready-made/google_cloud_pubsub.rs")]
//! ```
//!
//! # pulsar
//!
//! `close` alone throws the messages of the current batch away, so `send_batch` comes first. The `SendFuture` of a message
//! has its result. A consumer needs no release: the broker delivers again what was not acknowledged.
//!
//! ```text
#![doc = include_str!("../../ready-made/pulsar.rs")]
//! ```
//!
//! # tracing-loki
//!
//! `shutdown` only asks the task to end, so the teardown waits for the task. The task also ends after a post that has failed,
//! and throws its queue away. The resource is `last`, so that the lines of all other teardowns arrive.
//!
//! ```text
#![doc = include_str!("../../ready-made/tracing_loki.rs")]
//! ```
//!
//! # pyroscope
//!
//! `stop` hands the last profile to a thread, and only `shutdown` waits for that thread. A post takes at most 10 s.
//!
//! ```text
#![doc = include_str!("../../ready-made/pyroscope.rs")]
//! ```
//!
//! # tokio-cron-scheduler
//!
//! `shutdown` ends the schedule, and does not wait for a job that runs. The job therefore holds a [`pass`](crate::pass),
//! for which the drain waits. A job that begins after the drain receives no pass, and does nothing.
//!
//! ```text
#![doc = include_str!("../../ready-made/tokio_cron_scheduler.rs")]
//! ```
