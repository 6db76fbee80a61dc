//! Warns of a field that looks like a handle of a known client, and whose type no feature knows.
//!
//! # Why
//!
//! The lint [`unreleased_field`](super::unreleased_field) knows the handles of a client library with the feature of its
//! name, in one version. Without the feature, or with another version, the lint knows nothing about the field. Without
//! this warning, the field would leak in silence.
//!
//! # Example
//!
//! ```compile_fail
//! #![deny(deprecated)] // the warning is an error in this example
//! # mod sqlx { pub struct PgPool; }
//!
//! #[lifecycle::resource(no_teardown = "nothing to do")]
//! struct Database {
//!     pool: sqlx::PgPool, // warning: `Database::pool` looks like a type of `sqlx`
//! }
//! # fn main() {}
//! ```
//!
//! The compiler prints it as the use of a deprecated method, because rustc has no other warning for a macro:
//!
//! ```text
//! warning: use of deprecated method `_::lifecycle::lints::unknown_client`: `Database::pool` looks like a type of `sqlx`,
//!          and no feature that is turned on knows `sqlx::PgPool`
//!          help: turn on a feature of the package `shutdown-core`: `sqlx` for sqlx 0.9, or `sqlx08` for sqlx 0.8
//!          help: or name the method that releases it, or say why nothing has to be done: `#[teardown(skip = "..")]`
//! ```
//!
//! A bare `#[teardown]` on such a field is an error with the same text.
//!
//! # The fix
//!
//! Turn on the feature that the message names: `cargo add shutdown-core --features sqlx`. The field is then known, and
//! `unreleased_field` says what to write.
//!
//! If no feature has the version of your client, or the client has no feature, do one of these:
//!
//! - name the method that releases the field: `#[teardown(close)]`
//! - release the field in the body of `teardown`
//! - tell the lint about the type by [`known_types!`](crate::known_types): the page [`ready_made`](super::ready_made) has
//!   lines to copy
//!
//! # How to allow it
//!
//! ```
//! #![deny(deprecated)]
//! # mod sqlx { pub struct PgPool; }
//!
//! #[lifecycle::resource]
//! struct Database {
//!     #[teardown(skip = "closed by its owner")] // one field
//!     pool: sqlx::PgPool,
//! }
//!
//! #[lifecycle::resource(allow(unknown_client), no_teardown = "closed by their owners")] // one struct
//! struct Replicas {
//!     first: sqlx::PgPool,
//!     second: sqlx::PgPool,
//! }
//!
//! #[derive(lifecycle::Holds)]
//! #[holds(allow(unknown_client))]
//! struct Clients {
//!     pool: sqlx::PgPool,
//! }
//! # fn main() {}
//! ```
//!
//! rustc's own name of the warning works too: `#[allow(deprecated)]` on the field, on the struct, or on a module. With
//! `-D warnings` the warning is an error.
//!
//! A type of your own with the name of a known one, such as `PgPool`, is known after
//! [`needs_release!`](crate::needs_release) or [`derive(Holds)`](crate::Holds).
//!
//! # Which types look like a handle
//!
//! The macro sees the type as it is written:
//!
//! - a path with the name of the crate: `sqlx::Pool<Postgres>`, `async_nats::Client`, `deadpool::managed::Pool<M>`
//! - a name that only one library has: `PgPool`, `FutureProducer`, `MultiplexedConnection`, `WorkerGuard`
//! - either of them in a wrapper that [`unreleased_field`](super::unreleased_field) looks into, such as `Arc`, `Option`,
//!   `Mutex` or `Vec`, or in a tuple
//!
//! A name alone never decides. The compiler asks the type, and a type that a feature or a list knows is not warned of.
//! A field that is released is not warned of either. A writer into memory, and a lock around a plain value, lose nothing.
//!
//! # What the lint does not see
//!
//! - A common name without its crate, such as `Client`, `Pool`, `Connection` or `Sender` after a `use`. Write the path:
//!   `lapin::Connection`.
//! - A type behind an alias of your own, or under another name after `use .. as ..`.
//! - A field of a generic struct that needs an `impl Teardown`, or whose type contains a type parameter.
//! - A plain struct without `derive(Holds)`, and a `dyn Trait`.
