//! A subscriber of log events that calls a function.

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Calls its function for each event.
#[derive(Debug)]
pub struct OnEvent(pub fn(&Event<'_>));

impl OnEvent {
    /// Installs the subscriber for the process.
    ///
    /// # Errors
    ///
    /// If the process has a subscriber.
    pub fn install(self) -> Result<(), String> {
        tracing::subscriber::set_global_default(self).map_err(|error| error.to_string())
    }
}

impl Subscriber for OnEvent {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        (self.0)(event);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
