//! An exporter that counts what the collector did not confirm.
//!
//! `opentelemetry_sdk` exports on threads of its own. It hands on the result of the last batch of one flush, and drops the
//! other results. So the exporter keeps them itself.
//!
//! A provider does not give its exporters back. It shuts each one down, however, and only one provider is shut down at a
//! time (`TURN`). An exporter that is shut down in that turn belongs to that provider.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::logs::{LogBatch, LogExporter};
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

use crate::sync::lock;

/// The number of results that an exporter keeps. One flush has a few batches.
const KEPT: usize = 1_024;

/// An OpenTelemetry exporter whose teardown knows the result of every export.
///
/// `opentelemetry_sdk` drops the results of exports that a timer or a full batch has begun, and returns the result of the
/// last batch of one flush. A bare `#[teardown]` on a provider can therefore not know whether everything has arrived, and
/// the report says `unconfirmed`. If the exporter of the provider is wrapped in `Watched`, the report says `ok`, or how
/// many spans or logs the collector has not confirmed.
///
/// It wraps exporters of spans, of metrics and of logs. A provider with several exporters needs each one wrapped.
///
/// # Examples
///
/// ```
/// use lifecycle::telemetry::Watched;
/// use opentelemetry_sdk::trace::{SdkTracerProvider, SpanExporter};
///
/// #[lifecycle::resource(last)]
/// struct Telemetry {
///     #[teardown] // exports the last spans, and shuts the provider down
///     traces: SdkTracerProvider,
/// }
///
/// fn telemetry(exporter: impl SpanExporter + 'static) -> Telemetry {
///     let traces = SdkTracerProvider::builder().with_batch_exporter(Watched::new(exporter)).build();
///     Telemetry { traces }
/// }
/// # let _ = |telemetry: Telemetry| telemetry.traces;
/// ```
pub struct Watched<E> {
    exporter: E,
    results: Arc<Results>,
}

impl<E> Watched<E> {
    /// Wraps an exporter. The program passes the result to `with_batch_exporter`, `with_simple_exporter` or
    /// `with_periodic_exporter`.
    pub fn new(exporter: E) -> Self {
        Self { exporter, results: Arc::default() }
    }
}

impl<E: fmt::Debug> fmt::Debug for Watched<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Watched").field(&self.exporter).finish()
    }
}

impl<E: SpanExporter> SpanExporter for Watched<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let export = Export::begin(&self.results, batch.len());
        export.end(self.exporter.export(batch).await)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        tell(&self.results);
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn shutdown(&self) -> OTelSdkResult {
        tell(&self.results);
        self.exporter.shutdown()
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

impl<E: LogExporter> LogExporter for Watched<E> {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        let export = Export::begin(&self.results, batch.iter().count());
        export.end(self.exporter.export(batch).await)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        tell(&self.results);
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn shutdown(&self) -> OTelSdkResult {
        tell(&self.results);
        self.exporter.shutdown()
    }

    fn event_enabled(&self, level: opentelemetry::logs::Severity, target: &str, name: Option<&str>) -> bool {
        self.exporter.event_enabled(level, target, name)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

impl<E: PushMetricExporter> PushMetricExporter for Watched<E> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        // The next export of a cumulative metric repeats what this one has lost.
        let lost = usize::from(self.exporter.temporality() != Temporality::Cumulative);
        let export = Export::begin(&self.results, lost);
        export.end(self.exporter.export(metrics).await)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        tell(&self.results);
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn shutdown(&self) -> OTelSdkResult {
        tell(&self.results);
        self.exporter.shutdown()
    }

    fn temporality(&self) -> Temporality {
        self.exporter.temporality()
    }
}

/// The results of one exporter.
#[derive(Default)]
pub(super) struct Results(Mutex<State>);

#[derive(Default)]
struct State {
    running: usize,
    /// The oldest result comes first.
    ended: VecDeque<Ended>,
}

struct Ended {
    at: Instant,
    /// The number of spans or logs. It is 0 for metrics that the next export repeats.
    size: usize,
    /// `None` for an export that the collector has confirmed.
    error: Option<String>,
}

/// What the collector has not confirmed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lost {
    /// The number of spans or logs. It is 0 for metrics.
    pub(super) size: usize,
    /// The newest error.
    pub(super) error: String,
}

impl Results {
    /// Returns what is lost. An export counts if it ended after `since`, or if no later one succeeded.
    pub(super) fn lost_since(&self, since: Instant) -> Option<Lost> {
        let state = lock(&self.0);
        let (mut succeeded, mut size, mut error) = (false, 0, None);
        if state.running > 0 {
            error = Some("an export has not ended".to_owned());
        }
        for ended in state.ended.iter().rev() {
            match &ended.error {
                None => succeeded = true,
                Some(failed) if !succeeded || (ended.at >= since && ended.size > 0) => {
                    size += ended.size;
                    error.get_or_insert_with(|| failed.clone());
                }
                Some(_) => {}
            }
        }
        error.map(|error| Lost { size, error })
    }
}

/// One export that has begun. It is a failure if it is dropped, by a panic of the exporter.
struct Export<'a> {
    results: &'a Results,
    size: usize,
    error: Option<String>,
}

impl<'a> Export<'a> {
    fn begin(results: &'a Results, size: usize) -> Self {
        lock(&results.0).running += 1;
        Self { results, size, error: Some("the exporter panicked".to_owned()) }
    }

    fn end(mut self, result: OTelSdkResult) -> OTelSdkResult {
        self.error = result.as_ref().err().map(OTelSdkError::to_string);
        result
    }
}

impl Drop for Export<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.results.0);
        state.running -= 1;
        if state.ended.len() == KEPT {
            state.ended.pop_front();
        }
        state.ended.push_back(Ended { at: Instant::now(), size: self.size, error: self.error.take() });
    }
}

/// The provider that is being shut down has this turn.
static TURN: Mutex<()> = Mutex::new(());
/// The exporters that the provider with the turn has shut down so far. `None` if no provider has the turn.
static TOLD: Mutex<Option<Vec<Arc<Results>>>> = Mutex::new(None);

/// Shuts a provider down. Returns the results of its watched exporters too.
pub(super) fn shut_down<R>(provider: impl FnOnce() -> R) -> (R, Vec<Arc<Results>>) {
    let _turn = lock(&TURN);
    *lock(&TOLD) = Some(Vec::new());
    let ended = provider();
    (ended, lock(&TOLD).take().unwrap_or_default())
}

/// Tells the provider with the turn of an exporter. A provider that the program shuts down itself asks for nothing.
fn tell(results: &Arc<Results>) {
    if let Some(told) = &mut *lock(&TOLD) {
        told.push(Arc::clone(results));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(text: &str) -> OTelSdkResult {
        Err(OTelSdkError::InternalFailure(text.to_owned()))
    }

    fn export(results: &Results, size: usize, result: OTelSdkResult) {
        drop(Export::begin(results, size).end(result));
    }

    fn lost(size: usize, error: &str) -> Lost {
        Lost { size, error: error.to_owned() }
    }

    #[test]
    fn each_batch_that_failed_since_the_teardown_counts() {
        let (results, since) = (Results::default(), Instant::now());
        export(&results, 512, failed("503"));
        export(&results, 512, Ok(()));
        export(&results, 100, failed("timeout"));
        export(&results, 7, Ok(()));
        assert_eq!(results.lost_since(since), Some(lost(612, "Operation failed: timeout")));
        assert_eq!(results.lost_since(Instant::now()), None);
    }

    #[test]
    fn an_earlier_failure_counts_if_nothing_has_arrived_since() {
        let results = Results::default();
        export(&results, 3, Ok(()));
        export(&results, 4, failed("gone"));
        export(&results, 5, failed("gone"));
        assert_eq!(results.lost_since(Instant::now()), Some(lost(9, "Operation failed: gone")));
    }

    #[test]
    fn a_metric_that_the_next_export_repeats_is_not_lost() {
        let (results, since) = (Results::default(), Instant::now());
        export(&results, 0, failed("503"));
        assert_eq!(results.lost_since(since), Some(lost(0, "Operation failed: 503")));
        export(&results, 0, Ok(()));
        assert_eq!(results.lost_since(since), None);
    }

    #[test]
    fn an_export_that_is_dropped_or_has_not_ended_counts() {
        let (results, since) = (Results::default(), Instant::now());
        let running = Export::begin(&results, 2);
        assert_eq!(results.lost_since(since), Some(lost(0, "an export has not ended")));
        drop(running);
        assert_eq!(results.lost_since(since), Some(lost(2, "the exporter panicked")));
    }
}
