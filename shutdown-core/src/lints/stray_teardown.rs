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
