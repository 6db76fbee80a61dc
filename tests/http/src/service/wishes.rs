//! The parser of the first argument.

use std::time::Duration;

/// A server kind and its settings, as in `http idle=0 late_requests`.
pub(super) struct Wishes(Vec<String>);

impl Wishes {
    pub(super) fn given() -> Result<Wishes, String> {
        let argument = std::env::args().nth(1).ok_or("expected one argument")?;
        Ok(Wishes(argument.split_whitespace().map(str::to_owned).collect()))
    }

    pub(super) fn kind(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    pub(super) fn has(&self, wish: &str) -> bool {
        self.0.iter().any(|known| known == wish)
    }

    pub(super) fn value(&self, key: &str) -> Option<&str> {
        self.0.iter().find_map(|known| known.strip_prefix(key)?.strip_prefix('='))
    }

    /// In milliseconds.
    pub(super) fn time(&self, key: &str) -> Option<Duration> {
        let value = self.value(key)?;
        Some(Duration::from_millis(value.parse().expect("milliseconds")))
    }
}
