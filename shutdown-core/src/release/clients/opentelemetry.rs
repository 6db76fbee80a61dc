//! Providers of `opentelemetry_sdk`: `SdkTracerProvider`, `SdkMeterProvider`, `SdkLoggerProvider`. Needs the feature
//! `opentelemetry`.
//!
//! | type | lost without release | a bare `#[teardown]` | who confirms |
//! |---|---|---|---|
//! | `SdkTracerProvider` | the last spans | exports them, then shuts down | the collector, with [`Watched`]; else unconfirmed |
//! | `SdkMeterProvider` | the metrics since the last export | exports them, then shuts down | the collector |
//! | `SdkLoggerProvider` | the last logs | exports them, then shuts down | the collector, with [`Watched`]; else unconfirmed |
//!
//! Run against collectors of the tests over HTTP and over gRPC: well, slow, hung, gone, and one that answers with an error.
//!
//! Mark the resource that holds a provider as `last`. Wrap the exporter of spans or of logs in
//! [`Watched`](crate::telemetry::Watched): `with_batch_exporter(Watched::new(exporter))`.
//!
//! | the collector | with `Watched` | without it |
//! |---|---|---|
//! | has confirmed every export | ok | unconfirmed |
//! | has not confirmed one of them since the stop began | fails, with the number of spans or logs | fails if it was the last one, else unconfirmed |
//! | has confirmed them after more than 5 s | ok | unconfirmed |
//! | does not answer in the teardown's time | fails | fails |
//!
//! `opentelemetry_sdk` drops the results of exports that a timer or a full batch has begun. It returns the result of the
//! last batch of one flush, and waits at most 5 s for it. `Watched` keeps all of them. The teardown flushes again until
//! nothing is left, or until its time is over. Without `Watched` a `SimpleSpanProcessor` is unconfirmed too.
//!
//! - The results of metrics are exact in any case, because the SDK returns them. With delta temporality an export that the
//!   timer has begun is unknown without `Watched`.
//! - The calls block, so they run on a thread of their own, and nothing waits for it longer than the teardown's time. A
//!   teardown outside of a stop waits at most 30 s.
//! - A provider that the program has shut down is released already.
//! - Spans that found the queue full (2,048) are not counted. `opentelemetry_sdk` logs their number.

mod watched;

use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;

use std::sync::Arc;
use std::time::{Duration, Instant};

use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use tokio::runtime::Handle;

use crate::release::Release;
use crate::release::apart::{Time, apart};
use crate::release::known::known;
use crate::resource::scope::{TeardownScope, unconfirmed};
pub use watched::Watched;
use watched::{Results, shut_down};

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

/// The longest time of a teardown outside of a stop, which has no limit of its own.
const LIMIT_WITHOUT_A_STOP: Duration = Duration::from_secs(30);

macro_rules! provider {
    ($($ty:ty: $what:literal, last_result: $last_result:ident;)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<List: 'static> Release<List> for $ty {
            const BLOCKING: bool = false;

            async fn release(&self) -> Result<(), String> {
                let (provider, runtime) = (self.clone(), Handle::current());
                // A batch of the stop that was lost before the teardown counts as well. The thread may begin late.
                let since = since(TeardownScope::current().stopping_for());
                let ended = apart(move |time: Time| {
                    // An exporter may need the runtime.
                    let _entered = runtime.enter();
                    let until = Instant::now() + time.left().unwrap_or(LIMIT_WITHOUT_A_STOP);
                    let left = || until.saturating_duration_since(Instant::now());
                    let flushed = flush(|| provider.force_flush(), || left().is_zero());
                    let (ended, watched) = shut_down(|| provider.shutdown_with_timeout(left()));
                    read(flushed, ended, &watched, since)
                });
                let lost = match ended.await {
                    Some(Known::Confirmed) => return Ok(()),
                    Some(Known::LastResult) if LastResult::$last_result == LastResult::IsAll => return Ok(()),
                    Some(Known::LastResult) => {
                        unconfirmed(concat!(
                            "the collector has confirmed the last batch of ", $what, ", and opentelemetry_sdk hides the \
                             results of the others: wrap the exporter in `lifecycle::telemetry::Watched`"
                        ));
                        return Ok(());
                    }
                    Some(Known::Slow) => {
                        unconfirmed(concat!(
                            "the collector took more than 5 s for the last ", $what, ", and opentelemetry_sdk hides the \
                             result: wrap the exporter in `lifecycle::telemetry::Watched`"
                        ));
                        return Ok(());
                    }
                    Some(Known::Lost { size: 0, error }) => error,
                    Some(Known::Lost { size, error }) => format!("{size} did not arrive: {error}"),
                    None => "the collector did not answer in time".to_owned(),
                };
                Err(format!(concat!("the last ", $what, " may be lost: {}"), lost))
            }
        }
    )+};
}

provider! {
    SdkTracerProvider: "spans", last_result: IsOneOfMany;
    SdkMeterProvider: "metrics", last_result: IsAll;
    SdkLoggerProvider: "logs", last_result: IsOneOfMany;
}

/// Returns the instant at which the stop began, if it has lasted for this time.
fn since(stopping_for: Duration) -> Instant {
    let now = Instant::now();
    now.checked_sub(stopping_for).unwrap_or(now)
}

/// What the result of a flush covers.
#[derive(PartialEq, Eq)]
enum LastResult {
    IsAll,
    IsOneOfMany,
}

/// What is known of the last exports.
#[derive(Debug, PartialEq, Eq)]
enum Known {
    /// Each one succeeded, or the program has shut the provider down and read the result.
    Confirmed,
    /// The last one succeeded.
    LastResult,
    /// The result came after the flush had stopped waiting for it.
    Slow,
    Lost {
        /// The number of spans or logs, or 0 if it is not known.
        size: usize,
        error: String,
    },
}

/// The result of the flushes.
struct Flushed {
    /// Whether the SDK has given up waiting for one of them.
    slow: bool,
    result: OTelSdkResult,
}

/// Flushes until the SDK does not give up. Each flush waits until the exports of the one before have ended.
fn flush(flush: impl Fn() -> OTelSdkResult, is_over: impl Fn() -> bool) -> Flushed {
    let mut slow = false;
    loop {
        let result = flush();
        match &result {
            Err(error) if gave_up(error) && !is_over() => slow = true,
            _ => return Flushed { slow, result },
        }
    }
}

/// Whether the SDK has stopped to wait for the result. A provider returns the errors of its processors as text.
fn gave_up(error: &OTelSdkError) -> bool {
    match error {
        OTelSdkError::Timeout(_) => true,
        OTelSdkError::InternalFailure(errors) => errors.contains("Timeout("),
        OTelSdkError::AlreadyShutdown => false,
    }
}

/// Reads the results. A shutdown drops the result of its export, so the flush comes first.
fn read(flushed: Flushed, ended: OTelSdkResult, watched: &[Arc<Results>], since: Instant) -> Known {
    if matches!(ended, Err(OTelSdkError::AlreadyShutdown)) {
        return Known::Confirmed;
    }
    let lost: Vec<_> = watched.iter().filter_map(|results| results.lost_since(since)).collect();
    if let Some(first) = lost.first() {
        let size = lost.iter().map(|lost| lost.size).sum();
        return Known::Lost { size, error: first.error.clone() };
    }
    match (flushed.result, ended) {
        // The flush has all. A shutdown of metrics exports them once more, and waits for at most 5 s.
        (Ok(()), Err(error)) if gave_up(&error) => Known::Slow,
        (Err(error), _) | (Ok(()), Err(error)) => Known::Lost { size: 0, error: error.to_string() },
        (Ok(()), Ok(())) if !watched.is_empty() => Known::Confirmed,
        (Ok(()), Ok(())) if flushed.slow => Known::Slow,
        (Ok(()), Ok(())) => Known::LastResult,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const TIMEOUT: OTelSdkError = OTelSdkError::Timeout(Duration::from_secs(5));

    fn flushed(slow: bool, result: OTelSdkResult) -> Flushed {
        Flushed { slow, result }
    }

    fn failure(text: &str) -> OTelSdkError {
        OTelSdkError::InternalFailure(text.to_owned())
    }

    fn lost(error: &str) -> Known {
        Known::Lost { size: 0, error: error.to_owned() }
    }

    /// R22: the result of one batch is not the result of all.
    #[test]
    fn without_a_watched_exporter_nothing_is_confirmed() {
        let now = Instant::now();
        assert_eq!(read(flushed(false, Ok(())), Ok(()), &[], now), Known::LastResult);
        assert_eq!(read(flushed(true, Ok(())), Ok(()), &[], now), Known::Slow);
        assert_eq!(read(flushed(false, Ok(())), Err(TIMEOUT), &[], now), Known::Slow);
    }

    #[test]
    fn an_error_of_either_call_is_a_loss() {
        let now = Instant::now();
        let read = |flushed, ended| read(flushed, ended, &[], now);
        assert_eq!(read(flushed(false, Err(failure("503"))), Ok(())), lost("Operation failed: 503"));
        assert_eq!(read(flushed(false, Ok(())), Err(failure("503"))), lost("Operation failed: 503"));
        assert_eq!(read(flushed(true, Err(TIMEOUT)), Err(TIMEOUT)), lost("Operation timed out after 5s"));
    }

    #[test]
    fn a_watched_exporter_without_a_failure_confirms_also_after_a_slow_flush() {
        let (now, watched) = (Instant::now(), [Arc::default()]);
        assert_eq!(read(flushed(true, Ok(())), Ok(()), &watched, now), Known::Confirmed);
    }

    #[test]
    fn a_provider_that_was_shut_down_has_nothing_to_confirm() {
        let (now, already) = (Instant::now(), || Err(OTelSdkError::AlreadyShutdown));
        assert_eq!(read(flushed(false, already()), already(), &[], now), Known::Confirmed);
    }

    #[test]
    fn a_flush_that_the_sdk_gave_up_is_done_again() {
        let calls = Cell::new(0);
        let sdk = || {
            calls.set(calls.get() + 1);
            if calls.get() < 3 { Err(failure("errs: [Err(Timeout(5s))]")) } else { Ok(()) }
        };
        let flushed = flush(sdk, || false);
        assert!(flushed.slow && flushed.result.is_ok());
        assert_eq!(calls.get(), 3);
    }

    #[test]
    fn a_flush_that_is_out_of_time_is_not_done_again() {
        let flushed = flush(|| Err(TIMEOUT), || true);
        assert!(!flushed.slow && flushed.result.is_err());
    }
}
