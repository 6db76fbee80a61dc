//! Providers of `opentelemetry_sdk`: `SdkTracerProvider`, `SdkMeterProvider`, `SdkLoggerProvider`. Needs the feature
//! `opentelemetry`.
//!
//! | type | lost without release | a bare `#[teardown]` |
//! |---|---|---|
//! | `SdkTracerProvider` | the last spans | exports them, then shuts down |
//! | `SdkMeterProvider` | the metrics since the last export | exports them, then shuts down |
//! | `SdkLoggerProvider` | the last logs | exports them, then shuts down |
//!
//! Mark the resource that holds a provider as `last`.
//!
//! The collector confirms an export. The teardown fails if it refuses the connection, answers with an error, or does not
//! answer: the last spans may be lost. `opentelemetry_sdk` waits at most 5 s for the confirmation of one flush. A later one
//! cannot be seen. The shutdown after the flush still has the rest of the teardown's time, in which the export goes on. A
//! provider that the program has shut down is released already.
//!
//! - Both calls block, so they run on a thread of their own, and nothing waits for it longer than the teardown's time.
//! - If the last spans are more than one batch (512), `opentelemetry_sdk` returns the result of the last batch alone.
//! - A `SimpleSpanProcessor` exports each span as it ends, and drops the result. Then the teardown cannot know it.

use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;

use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use tokio::runtime::Handle;

use crate::release::Release;
use crate::release::apart::{Time, apart};
use crate::release::known::known;

known! {
    [] SdkTracerProvider: "opentelemetry_sdk::trace::SdkTracerProvider",
    lost: "the spans of the last seconds, which are still in a batch",
    does: "exports them and shuts it down, on a thread of its own (mark the resource as `last`)",
    form: "SdkTracerProvider";

    [] SdkMeterProvider: "opentelemetry_sdk::metrics::SdkMeterProvider",
    lost: "the metrics since the last export",
    does: "exports them and shuts it down, on a thread of its own (mark the resource as `last`)",
    form: "SdkMeterProvider";

    [] SdkLoggerProvider: "opentelemetry_sdk::logs::SdkLoggerProvider",
    lost: "the logs of the last seconds, which are still in a batch",
    does: "exports them and shuts it down, on a thread of its own (mark the resource as `last`)",
    form: "SdkLoggerProvider";
}

macro_rules! provider {
    ($($ty:ty: $what:literal;)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<List: 'static> Release<List> for $ty {
            const BLOCKING: bool = false;

            async fn release(&self) -> Result<(), String> {
                let (provider, runtime) = (self.clone(), Handle::current());
                let ended = apart(move |time: Time| {
                    // An exporter may need the runtime.
                    let _entered = runtime.enter();
                    let flushed = provider.force_flush();
                    confirmed(flushed, match time.left() {
                        Some(left) => provider.shutdown_with_timeout(left),
                        None => provider.shutdown(),
                    })
                });
                let reason = match ended.await {
                    Some(Ok(())) => return Ok(()),
                    Some(Err(error)) => error.to_string(),
                    None => "the collector did not answer in time".to_owned(),
                };
                Err(format!(concat!("the last ", $what, " may be lost: {}"), reason))
            }
        }
    )+};
}

provider! {
    SdkTracerProvider: "spans";
    SdkMeterProvider: "metrics";
    SdkLoggerProvider: "logs";
}

/// Reads the results of the two calls. A shutdown drops the result of its export, so the flush comes first.
fn confirmed(flushed: OTelSdkResult, ended: OTelSdkResult) -> OTelSdkResult {
    match ended {
        Err(OTelSdkError::AlreadyShutdown) => Ok(()),
        ended => flushed.and(ended),
    }
}
