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
