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
