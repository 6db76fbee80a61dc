//! What the process is told: by `main`'s attribute, and by the environment, which wins.

use std::time::Duration;

use super::options::MainOptions;
use crate::budget::{DEFAULT_GRACE, LONGEST_GRACE};
use crate::plan::Format;
use crate::sequence::Config;

pub(super) struct Settings {
    pub(super) config: Config,
    /// Only print the plan.
    pub(super) plan: Option<Format>,
}

impl Settings {
    pub(super) fn read(options: &MainOptions) -> Result<Settings, String> {
        Settings::from(options, |name| {
            std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
        })
    }

    fn from(options: &MainOptions, env: impl Fn(&str) -> Option<String>) -> Result<Settings, String> {
        let duration = |name: &str| env(name).map(|value| parse(name, &value)).transpose();
        let grace = duration("LIFECYCLE_GRACE")?.or(options.grace).unwrap_or(DEFAULT_GRACE);
        let lame_duck = duration("LIFECYCLE_LAME_DUCK")?.or(options.lame_duck).unwrap_or_default();
        if grace.is_zero() {
            return Err("LIFECYCLE_GRACE is zero: a stop needs some time".to_owned());
        }
        if grace > LONGEST_GRACE {
            return Err(format!(
                "the grace of {} is longer than a year: lower LIFECYCLE_GRACE",
                humantime::format_duration(grace),
            ));
        }
        if lame_duck >= grace {
            return Err(format!(
                "the lame duck of {} does not fit into the grace of {}: lower LIFECYCLE_LAME_DUCK or raise \
                 LIFECYCLE_GRACE",
                humantime::format_duration(lame_duck),
                humantime::format_duration(grace),
            ));
        }
        let plan = match env("LIFECYCLE_PLAN") {
            None => None,
            Some(name) => Some(Format::from_name(&name).ok_or_else(|| {
                format!("LIFECYCLE_PLAN is `{name}`: expected `tree`, `dot`, `mermaid` or `json`")
            })?),
        };
        Ok(Settings { config: Config { grace, lame_duck, job: options.job }, plan })
    }
}

/// As humantime has it; a bare number is seconds.
fn parse(name: &str, value: &str) -> Result<Duration, String> {
    let text = value.trim();
    let seconds = text.parse::<u32>().ok().map(|seconds| Duration::from_secs(u64::from(seconds)));
    seconds.or_else(|| humantime::parse_duration(text).ok()).ok_or_else(|| {
        format!("{name} is `{value}`: expected a duration such as `30s`, `1m 30s`, `500ms`, or seconds such as `25`")
    })
}
