//! The last words of the service, for a collector.

use lifecycle::Teardown;

#[lifecycle::resource(last)]
struct Telemetry;

#[lifecycle::teardown]
impl Teardown for Telemetry {
    async fn teardown(&self) {}
}

pub(crate) fn start() {
    lifecycle::manage(Telemetry);
}
