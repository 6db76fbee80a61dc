//! The gRPC health check for load balancers.

use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::ticker::Market;
use crate::ticker_v1::ticker_server::TickerServer;

/// Changes the health to `NOT_SERVING` when the stop begins: for the server, whose name is empty, and for the ticker.
pub(crate) async fn report(mut reporter: HealthReporter) {
    lifecycle::stopping().await;
    reporter.set_service_status("", ServingStatus::NotServing).await;
    reporter.set_not_serving::<TickerServer<Market>>().await;

    // A client that watches the health has a stream without an end, and the drain would wait for it. The removal of a
    // service ends its streams.
    lifecycle::draining().await;
    reporter.clear_service_status("").await;
    reporter.clear_service_status(NAME).await;
}

const NAME: &str = <TickerServer<Market> as tonic::server::NamedService>::NAME;
