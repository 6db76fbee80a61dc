//! What a lifecycle tells the outside world: the log, the report file, systemd, and the observers of the program.

pub(crate) mod last_stop;
pub(crate) mod log;
#[cfg(feature = "metrics")]
pub(crate) mod metrics;
pub(crate) mod observers;
pub(crate) mod report_file;
#[cfg(all(unix, feature = "systemd"))]
pub(crate) mod systemd;
pub(crate) mod termination_log;
mod trace;
