//! What a load balancer hears that asks by gRPC's own health protocol.

use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::ticker::Market;
use crate::ticker_v1::ticker_server::TickerServer;

/// Says `NOT_SERVING` as soon as the stop begins, for the whole server (the service without a name) and for ours.
pub(crate) async fn report(mut reporter: HealthReporter) {
    lifecycle::stopping().await;
    reporter.set_service_status("", ServingStatus::NotServing).await;
    reporter.set_not_serving::<TickerServer<Market>>().await;

    // Who watches the health instead of asking again has a stream without an end, which would hold up the stop until
    // the drain's time is up. A service that is taken out of the books ends the streams of those who watch it.
    lifecycle::draining().await;
    reporter.clear_service_status("").await;
    reporter.clear_service_status(NAME).await;
}

const NAME: &str = <TickerServer<Market> as tonic::server::NamedService>::NAME;
