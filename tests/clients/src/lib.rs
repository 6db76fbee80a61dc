//! What the tests of this package share: services that use a database, and the ways in which their tests stop them.

pub mod pools;
pub mod sessions;
