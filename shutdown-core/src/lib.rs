//! lifecycle

mod macros;
mod managed;
mod resource;
mod slot;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use macros::{main, resource, teardown};
pub use managed::Managed;
pub use resource::{Resource, Teardown, TeardownOutput};
pub use slot::Slot;
