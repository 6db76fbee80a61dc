//! The settings of a process: the keys of `main`'s attribute, and the environment, which takes precedence.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use humantime::format_duration;

use super::options::MainOptions;
use crate::budget::{DEFAULT_GRACE, LONGEST_GRACE};
use crate::plan::Format;
use crate::sequence::Config;

#[derive(Debug)]
pub(super) struct Settings {
    pub(super) config: Config,
    /// If set, the process prints the plan in this format and exits.
    pub(super) plan: Option<Format>,
}

/// A setting that cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SettingError {
    NotADuration { name: &'static str, value: String },
    GraceIsZero,
    GraceTooLong { grace: Duration },
    LameDuckTooLong { lame_duck: Duration, grace: Duration },
    UnknownPlanFormat { value: String },
}

impl Settings {
    pub(super) fn read(options: &MainOptions) -> Result<Settings, SettingError> {
        Settings::from(options, |name| {
            std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
        })
    }

    fn from(options: &MainOptions, env: impl Fn(&str) -> Option<String>) -> Result<Settings, SettingError> {
        let duration = |name| env(name).map(|value| parse_duration(name, value)).transpose();
        let grace = duration("LIFECYCLE_GRACE")?.or(options.grace).unwrap_or(DEFAULT_GRACE);
        let lame_duck = duration("LIFECYCLE_LAME_DUCK")?.or(options.lame_duck).unwrap_or_default();
        if grace.is_zero() {
            return Err(SettingError::GraceIsZero);
        }
        if grace > LONGEST_GRACE {
            return Err(SettingError::GraceTooLong { grace });
        }
        if lame_duck >= grace {
            return Err(SettingError::LameDuckTooLong { lame_duck, grace });
        }
        let format =
            |value: String| Format::from_name(&value).ok_or(SettingError::UnknownPlanFormat { value });
        let plan = env("LIFECYCLE_PLAN").map(format).transpose()?;
        Ok(Settings { config: Config { grace, lame_duck, job: options.job }, plan })
    }
}

/// Parses a duration as humantime does. A bare number is in seconds.
fn parse_duration(name: &'static str, value: String) -> Result<Duration, SettingError> {
    let text = value.trim();
    let seconds = text.parse::<u32>().ok().map(|seconds| Duration::from_secs(u64::from(seconds)));
    let parsed = seconds.or_else(|| humantime::parse_duration(text).ok());
    parsed.ok_or(SettingError::NotADuration { name, value })
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SettingError::NotADuration { name, value } => write!(
                f,
                "{name} is `{value}`: expected a duration such as `30s`, `1m 30s` or `500ms`, or a number of seconds \
                 such as `25`"
            ),
            SettingError::GraceIsZero => {
                f.write_str("LIFECYCLE_GRACE is zero: set it to a longer duration such as `30s`, or unset it")
            }
            SettingError::GraceTooLong { grace } => write!(
                f,
                "grace is {}, and at most 366 days are allowed: set LIFECYCLE_GRACE to a shorter duration",
                format_duration(*grace),
            ),
            SettingError::LameDuckTooLong { lame_duck, grace } => write!(
                f,
                "the lame duck of {} does not fit into the grace of {}: lower LIFECYCLE_LAME_DUCK or raise \
                 LIFECYCLE_GRACE",
                format_duration(*lame_duck),
                format_duration(*grace),
            ),
            SettingError::UnknownPlanFormat { value } => {
                write!(f, "LIFECYCLE_PLAN is `{value}`: expected `tree`, `dot`, `mermaid` or `json`")
            }
        }
    }
}

impl Error for SettingError {}
