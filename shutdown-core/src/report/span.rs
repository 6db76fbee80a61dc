//! A duration for a person.

use std::fmt;
use std::time::Duration;

/// A duration in the unit that a person expects: `250 µs`, `4.2 ms`, `43 ms`, `1.50 s`.
pub(crate) struct Span(pub(crate) Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.as_micros();
        // The digits are cut off, not rounded. Integers, because formatting a float adds 20 KiB of code.
        let text = match micros {
            0..1_000 => format!("{micros} µs"),
            1_000..10_000 => format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100),
            10_000..1_000_000 => format!("{} ms", micros / 1_000),
            _ => format!("{}.{:02} s", micros / 1_000_000, micros % 1_000_000 / 10_000),
        };
        f.pad(&text)
    }
}
