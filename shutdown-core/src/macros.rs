//! The attributes, with their docs.

pub use shutdown_macros::{main, resource, teardown};
