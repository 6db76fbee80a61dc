//! The parser of the first argument.

use std::time::Duration;

use lifecycle::http::{Probes, probes};

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

    /// The probes on the port of the service.
    pub(super) fn probes(&self) -> Option<Probes> {
        (!self.has("unprobed")).then(|| self.configured(probes()))
    }

    /// The probes on a port of their own, which also have the admin route.
    pub(super) fn own_probes(&self) -> Option<Probes> {
        self.has("probes").then(|| self.configured(probes()).admin("/drain"))
    }

    fn configured(&self, mut probes: Probes) -> Probes {
        if let Some(status) = self.value("stopping_status") {
            probes = probes.stopping_status(status.parse().expect("a status"));
        }
        if self.has("ready_in_lame_duck") {
            probes = probes.ready_in_lame_duck();
        }
        probes
    }
}
