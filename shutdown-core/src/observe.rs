//! What a lifecycle tells the outside world: the log, the report file, and the observers of the program.

pub(crate) mod last_stop;
pub(crate) mod log;
pub(crate) mod observers;
pub(crate) mod report_file;
pub(crate) mod termination_log;
