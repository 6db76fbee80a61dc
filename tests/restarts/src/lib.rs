//! Restarts a service under load, and counts the outcome of every request.
//!
//! The service is a real process ([`Service`]). The load comes from this process ([`Connections`]). Its clients do not retry,
//! so that the test sees each lost request. [`Balancer`] is `HAProxy`, which repeats no request that it has sent. [`Envoy`] is
//! Envoy.

mod balancer;
mod connections;
mod envoy;
mod manager;
mod service;

pub use balancer::{Balancer, Check, Retries, Reuse};
pub use connections::{Connections, only};
pub use envoy::Envoy;
pub use lifecycle::testing::{Load, Outcome, Place, Tally};
pub use lifecycle_process_tests::installed;
pub use manager::Manager;
pub use service::{Probes, Service, stop};

/// Returns the number of restarts: `normal`, or `long` in the long run.
pub fn rounds(normal: usize, long: usize) -> usize {
    if lifecycle_process_tests::soak() { long } else { normal }
}

/// Configures the service of this package.
#[macro_export]
macro_rules! service {
    () => {
        $crate::Service::new(env!("CARGO_BIN_EXE_restarted"))
    };
}
