//! OpenTelemetry: an exporter whose results the teardown of its provider knows.

pub use crate::release::clients::opentelemetry::Watched;
