//! What the compiler is asked about a user's resources: cycles and orders, and what would leak.

pub(crate) mod cycle;
pub(crate) mod leak;
