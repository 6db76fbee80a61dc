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
