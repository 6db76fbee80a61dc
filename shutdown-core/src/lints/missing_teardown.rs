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
