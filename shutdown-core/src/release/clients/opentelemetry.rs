//! Providers of `opentelemetry_sdk`: `SdkTracerProvider`, `SdkMeterProvider`, `SdkLoggerProvider`. Needs the feature
//! `opentelemetry`.
//!
//! | type | lost without release | a bare `#[teardown]` |
//! |---|---|---|
//! | `SdkTracerProvider` | the last spans | exports them and shuts down |
//! | `SdkMeterProvider` | the metrics since the last export | exports them and shuts down |
//! | `SdkLoggerProvider` | the last logs | exports them and shuts down |
//!
//! Mark the resource that holds a provider as `last`.

use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;

use crate::release::Release;
use crate::release::known::known;
use crate::release::owned::text_of;

known! {
    [] SdkTracerProvider: "opentelemetry_sdk::trace::SdkTracerProvider",
    lost: "the spans of the last seconds, which are still in a batch",
    does: "exports them and shuts it down, on a blocking thread (mark the resource as `last`)",
    form: "SdkTracerProvider";

    [] SdkMeterProvider: "opentelemetry_sdk::metrics::SdkMeterProvider",
    lost: "the metrics since the last export",
    does: "exports them and shuts it down, on a blocking thread (mark the resource as `last`)",
    form: "SdkMeterProvider";

    [] SdkLoggerProvider: "opentelemetry_sdk::logs::SdkLoggerProvider",
    lost: "the logs of the last seconds, which are still in a batch",
    does: "exports them and shuts it down, on a blocking thread (mark the resource as `last`)",
    form: "SdkLoggerProvider";
}

macro_rules! provider {
    ($($ty:ty)+) => {$(
        #[diagnostic::do_not_recommend]
        impl Release for $ty {
            const BLOCKING: bool = true;

            async fn release(&self) -> Result<(), String> {
                self.shutdown().map_err(text_of)
            }
        }
    )+};
}

provider!(SdkLoggerProvider SdkMeterProvider SdkTracerProvider);
