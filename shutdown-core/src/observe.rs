//! What a lifecycle tells the outside world during a stop.

pub(crate) mod log;
