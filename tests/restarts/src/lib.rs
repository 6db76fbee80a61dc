//! Restarts a service under load, and counts what becomes of every request.
//!
//! The service is a real process ([`Service`]), the load comes from this one ([`Load`]): clients that never try twice,
//! so that whatever the service loses is seen. [`Balancer`] is `HAProxy`, told not to try twice either.

mod balancer;
mod client;
mod load;
mod manager;
mod place;
mod service;
mod tally;

pub use balancer::{Balancer, Reuse};
pub use load::{Clients, Load};
pub use manager::Manager;
pub use place::Place;
pub use service::{Service, stop};
pub use tally::{Outcome, Tally};

/// How many restarts: `normal`, or `long` where there is time.
pub fn rounds(normal: usize, long: usize) -> usize {
    if lifecycle_process_tests::soak() { long } else { normal }
}

/// The service of this package.
#[macro_export]
macro_rules! service {
    () => {
        $crate::Service::new(env!("CARGO_BIN_EXE_restarted"))
    };
}
