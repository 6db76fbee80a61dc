//! What a lifecycle tells the outside world while it stops.

pub(crate) mod log;
