//! The load on a server of another crate, and what the server lost.

pub mod grpc;
pub mod http1;
pub mod load;
mod signal;

pub use signal::terminated;
