//! Reports a resource that has to start, and nothing says how.
//!
//! # Why
//!
//! An argument of `start` or of `main`, and the type of [`lifecycle::start`](crate::start()), is a resource that starts.
//! Either the resource makes itself, by an `impl Start`, or the program makes it. Only the author knows which, so the code
//! has to say it.
//!
//! # Example
//!
//! ```compile_fail,E0277
//! use lifecycle::{Managed, Start};
//!
//! #[lifecycle::resource(no_teardown = "memory only")]
//! struct Settings;
//!
//! #[lifecycle::resource(no_teardown = "memory only")]
//! struct Database;
//!
//! #[lifecycle::start]
//! impl Start for Database {
//!     async fn start(settings: Managed<Settings>) -> Database { // error: nothing says how `Settings` starts
//!         Database
//!     }
//! }
//!
//! #[lifecycle::main]
//! async fn main(database: Managed<Database>) {}
//! # fn uses() -> Settings { Settings }
//! ```
//!
//! The error stands at the argument, or at the type in `lifecycle::start::<Settings>()`.
//!
//! # The fix
//!
//! Implement `Start`. If the program makes the value, write `provided`, and pass the value to
//! [`lifecycle::provide`](crate::provide).
//!
//! ```
//! use lifecycle::{Managed, Start};
//!
//! #[lifecycle::resource(provided, no_teardown = "memory only")]
//! struct Settings {
//!     address: String,
//! }
//!
//! #[lifecycle::resource(no_teardown = "memory only")]
//! struct Database;
//!
//! #[lifecycle::start]
//! impl Start for Database {
//!     async fn start(settings: Managed<Settings>) -> Database {
//!         println!("connects to {}", settings.address);
//!         Database
//!     }
//! }
//!
//! #[lifecycle::main]
//! async fn main() -> Result<(), lifecycle::StartError> {
//!     lifecycle::provide(Settings { address: "127.0.0.1:5432".into() });
//!     let database: Managed<Database> = lifecycle::start().await?;
//!     Ok(())
//! }
//! ```
//!
//! A value that is not provided when the start begins ends the program with status 78, before anything has started.
//!
//! A dependency that needs no start is a field, or `depends_on`. A field `Managed<B>` that `start` does not take is filled
//! by `start` itself, and `B` needs no `impl Start`.
