//! The settings of a process: its options, and the environment, which takes precedence.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use humantime::format_duration;

#[cfg(feature = "testing")]
use super::drill::{DRILL, Drill, NotADrill};
use super::options::Options;
use crate::budget::{DEFAULT_GRACE, LONGEST_GRACE, SHORTEST_GRACE};
use crate::plan::Format;
use crate::sequence::Config;

const GRACE: &str = "LIFECYCLE_GRACE";
const LAME_DUCK: &str = "LIFECYCLE_LAME_DUCK";
const PLAN: &str = "LIFECYCLE_PLAN";
const REPORT: &str = "LIFECYCLE_REPORT";
const TERMINATION_LOG: &str = "LIFECYCLE_TERMINATION_LOG";

#[derive(Debug)]
pub(super) struct Settings {
    pub(super) config: Config,
    /// If set, the process prints the plan in this format and exits.
    pub(super) plan: Option<Format>,
    /// The report file.
    pub(super) report_file: Option<PathBuf>,
    /// The termination log of Kubernetes, if it has another path than the usual one.
    pub(super) termination_log: Option<PathBuf>,
    /// What the environment has changed more than its words say, a sentence each.
    pub(super) warnings: Vec<String>,
    /// What a drill asks of this process (R38).
    #[cfg(feature = "testing")]
    pub(super) drill: Option<Drill>,
}

/// A setting that cannot be used. `of` is the name of the option or of the variable.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SettingError {
    NotADuration {
        of: &'static str,
        value: String,
    },
    GraceTooShort {
        of: &'static str,
        grace: Duration,
    },
    GraceTooLong {
        of: &'static str,
        grace: Duration,
    },
    LameDuckTooLong {
        of: &'static str,
        lame_duck: Duration,
        grace: Duration,
    },
    LameDuckOfAJob {
        lame_duck: Duration,
    },
    UnknownPlanFormat {
        value: String,
    },
    #[cfg(feature = "testing")]
    NotADrill {
        value: String,
        why: NotADrill,
    },
}

impl Settings {
    pub(super) fn read(options: &Options) -> Result<Settings, SettingError> {
        Settings::from(options, |name| {
            std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
        })
    }

    fn from(options: &Options, env: impl Fn(&str) -> Option<String>) -> Result<Settings, SettingError> {
        // An empty variable is how a template or a compose file says "not set".
        let env = |name| env(name).filter(|value| !value.trim().is_empty());
        let duration = |name| env(name).map(|value| parse_duration(name, value)).transpose();
        let own_grace = options.grace.unwrap_or(DEFAULT_GRACE);
        check_grace("grace", own_grace)?;
        let grace = duration(GRACE)?.unwrap_or(own_grace);
        check_grace(GRACE, grace)?;
        let fits_into = grace.max(own_grace);
        let mut warnings = Vec::new();
        let lame_duck = match duration(LAME_DUCK)? {
            Some(lame_duck) => check_lame_duck(LAME_DUCK, lame_duck, fits_into, grace)?,
            None => check_lame_duck("lame_duck", options.lame_duck.unwrap_or_default(), fits_into, grace)?,
        };
        if let (true, Some(lame_duck)) = (options.job, options.lame_duck.filter(|own| !own.is_zero())) {
            return Err(SettingError::LameDuckOfAJob { lame_duck });
        }
        // One variable may be for all containers of a pod, and a job among them has no lame duck.
        let lame_duck = if options.job { Duration::ZERO } else { lame_duck };
        // An operator who lowers grace must not make a crash loop (R12).
        let scaled = if lame_duck < grace {
            lame_duck
        } else {
            let scaled = lame_duck.mul_f64(grace.as_secs_f64() / fits_into.as_secs_f64());
            warnings.push(format!(
                "{GRACE} lowers grace from {} to {}, so the lame duck is scaled from {} to {}",
                format_duration(own_grace),
                format_duration(grace),
                format_duration(lame_duck),
                format_duration(Duration::from_millis(u64::try_from(scaled.as_millis()).unwrap_or(u64::MAX))),
            ));
            scaled
        };
        let format =
            |value: String| Format::from_name(value.trim()).ok_or(SettingError::UnknownPlanFormat { value });
        let plan = env(PLAN).map(format).transpose()?;
        let config = Config { grace, fits_into, lame_duck: scaled, job: options.job };
        let (report_file, termination_log) =
            (env(REPORT).map(PathBuf::from), env(TERMINATION_LOG).map(PathBuf::from));
        #[cfg(feature = "testing")]
        let drill = match env(DRILL) {
            Some(value) => {
                let drill = value.parse();
                Some(drill.map_err(|why| SettingError::NotADrill { value, why })?)
            }
            None => None,
        };
        Ok(Settings {
            config,
            plan,
            report_file,
            termination_log,
            warnings,
            #[cfg(feature = "testing")]
            drill,
        })
    }
}

fn check_grace(of: &'static str, grace: Duration) -> Result<(), SettingError> {
    if grace < SHORTEST_GRACE {
        Err(SettingError::GraceTooShort { of, grace })
    } else if grace > LONGEST_GRACE {
        Err(SettingError::GraceTooLong { of, grace })
    } else {
        Ok(())
    }
}

/// Returns `lame_duck` if it fits into the longer of the two graces: the one of the program and the one of the
/// environment. The error names the `grace` that applies.
fn check_lame_duck(
    of: &'static str,
    lame_duck: Duration,
    longer: Duration,
    grace: Duration,
) -> Result<Duration, SettingError> {
    if lame_duck < longer {
        Ok(lame_duck)
    } else {
        Err(SettingError::LameDuckTooLong { of, lame_duck, grace })
    }
}

/// Parses a duration as humantime does. A bare number is in seconds.
fn parse_duration(of: &'static str, value: String) -> Result<Duration, SettingError> {
    let text = value.trim();
    let seconds = text.parse::<u32>().ok().map(|seconds| Duration::from_secs(u64::from(seconds)));
    let parsed = seconds.or_else(|| humantime::parse_duration(text).ok());
    parsed.ok_or(SettingError::NotADuration { of, value })
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SettingError::NotADuration { of, value } => write!(
                f,
                "{of} is `{value}`: expected a duration such as `30s`, `1m 30s` or `500ms`, or a number of seconds \
                 such as `25`"
            ),
            SettingError::GraceTooShort { of, grace } => write!(
                f,
                "{of} is {}: expected at least {}; set it to a longer duration such as `30s`",
                format_duration(*grace),
                format_duration(SHORTEST_GRACE),
            ),
            SettingError::GraceTooLong { of, grace } => write!(
                f,
                "{of} is {}: expected at most 366 days; set it to a shorter duration such as `30s`",
                format_duration(*grace),
            ),
            SettingError::LameDuckTooLong { of, lame_duck, grace } => write!(
                f,
                "{of} is {}: expected less than the grace of {}; lower the lame duck or raise grace",
                format_duration(*lame_duck),
                format_duration(*grace),
            ),
            SettingError::LameDuckOfAJob { lame_duck } => write!(
                f,
                "lame_duck is {}: a job has no lame duck; remove `lame_duck` or `job`",
                format_duration(*lame_duck),
            ),
            SettingError::UnknownPlanFormat { value } => {
                write!(f, "{PLAN} is `{value}`: expected `tree`, `dot`, `mermaid` or `json`")
            }
            #[cfg(feature = "testing")]
            SettingError::NotADrill { value, why } => write!(f, "{DRILL} is `{value}`: {why}"),
        }
    }
}

impl Error for SettingError {}
