//! Servers in real processes, stopped by real signals, and clients that send at chosen instants.
//!
//! The clients are those of `lifecycle::testing`. [`Server`] starts the fixture of [`service`] as a child. The harness for processes is the one
//! of `lifecycle-process-tests`.

mod frames;
mod http2;
mod server;
pub mod service;

pub use frames::{Goaways, Hearing, Overheard, Sent};
pub use http2::Http2;
pub use server::{Server, raise_open_files};

pub use lifecycle::testing::{Client, Outcome, Response, Tally, get};
pub use lifecycle_process_tests::{
    Child, Ended, PATIENCE, Program, SLACK, fixture, peak_memory, processor_time, program, soak,
};

/// Configures a scenario on both runtime flavours. The multi-thread runtime has two workers.
#[macro_export]
macro_rules! both_flavours {
    ($scenario:expr) => {
        [$crate::program!("http_multi", $scenario), $crate::program!("http_current", $scenario)]
    };
}
