//! Reports an unknown key, a wrong value, or an item that the attribute cannot apply to.
//!
//! # Why
//!
//! A misspelt key must not act like a missing key: the service would stop in another way than its code says. So the
//! macros check keys, durations, orders and signals. One compile reports all mistakes of an item, each at its token.
//!
//! # Example
//!
//! ```compile_fail
//! #[lifecycle::resource(oder = 2, timeout = "5 parsecs", no_teardown = "memory only")]
//! struct Cache; // error: unknown key `oder`, did you mean `order`?
//! # fn main() {}
//! ```
//!
//! # The fix
//!
//! The docs of [`main`](macro@crate::main), [`resource`](macro@crate::resource) and
//! [`teardown`](macro@crate::teardown) list the keys.
//!
//! # A method that takes `self`
//!
//! A teardown takes `&self`, so `#[teardown(close)]` cannot call a `close(self)`. rustc then reports that it "cannot
//! move out of `make_it_a_slot_and_add_take.client`". The name says the fix: put the value into a
//! [`Slot`](crate::Slot), and add `take`.
//!
//! ```
//! use lifecycle::Slot;
//! # struct Client;
//! # impl Client { async fn close(self) {} }
//!
//! #[lifecycle::resource]
//! struct Session {
//!     #[teardown(close, take)]
//!     client: Slot<Client>,
//! }
//! # fn main() { let _ = Session { client: Slot::new(Client) }; }
//! ```
//!
//! # An impl without the attribute
//!
//! An `impl Teardown` without `#[lifecycle::teardown]` above it has no `type Output`. rustc reports that (E0046), and
//! the next error says what is missing.
//!
//! ```
//! #[lifecycle::resource(order = 2, timeout = "5s", no_teardown = "memory only")]
//! struct Cache;
//! # fn main() { let _ = Cache; }
//! ```
