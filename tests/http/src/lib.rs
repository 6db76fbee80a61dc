//! Servers in real processes, stopped by real signals, and clients that send at chosen instants.
//!
//! The clients and the processes are those of `lifecycle::testing`. [`start`] starts the fixture of [`service`] as a child.

mod frames;
mod http2;
mod server;
pub mod service;

pub use frames::{Goaways, Hearing, Overheard, Sent};
pub use http2::Http2;
pub use server::{Clients, Fixture, cut_off, listening, raise_open_files, start};

pub use lifecycle::testing::{Client, Outcome, Response, Service as Server, Tally, get, wait_until};
pub use lifecycle_process_tests::{
    Ended, PATIENCE, Program, SLACK, fixture, peak_memory, processor_time, program, soak,
};

/// Configures a scenario on both runtime flavours. The multi-thread runtime has two workers.
#[macro_export]
macro_rules! both_flavours {
    ($scenario:expr) => {
        [$crate::program!("http_multi", $scenario), $crate::program!("http_current", $scenario)]
    };
}

/// Starts a scenario on each flavour in turn, with what a closure changes of its program.
#[macro_export]
macro_rules! servers {
    ($scenario:expr) => {
        $crate::both_flavours!($scenario).into_iter().map($crate::start)
    };
    ($scenario:expr, $change:expr) => {
        $crate::both_flavours!($scenario).map($change).into_iter().map($crate::start)
    };
}
