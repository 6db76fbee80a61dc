//! What a lifecycle tells the outside world: the log, and the observers of the program.

pub(crate) mod log;
pub(crate) mod observers;
