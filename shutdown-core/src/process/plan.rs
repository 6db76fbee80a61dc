//! The plan of the declared resources, with the times of its stop: checked at the start, and printed for
//! `LIFECYCLE_PLAN`.

use std::time::{Duration, Instant};

use humantime::format_duration;

use super::host::scaled;
use super::settings::Settings;
use crate::budget::{Budget, time_at_notice};
use crate::json::{list, quoted};
use crate::plan::{Format, Plan, render};
use crate::resource::declared;
use crate::sequence::Config;

/// Returns what `LIFECYCLE_PLAN` prints. The time-outs of the crate of `module` have to fit into grace (R12).
pub(super) fn printed(mut declared: Plan, format: Format, settings: Settings, module: &str) -> String {
    let resources = render(&declared, &declared::generic(), format);
    if format != Format::Json {
        return resources;
    }
    let Settings { config, mut warnings, .. } = settings;
    let error = declared::check(module, config.fits_into).err();
    // A process with a cycle does not start. Its times are those of the plan without the weakest edges.
    declared.break_cycles();
    warnings.extend(drain_without_time(&config, &declared));
    if let (None, Err(why)) = (&error, declared::check(module, config.grace)) {
        warnings.push(scaled(config.fits_into, config.grace, &why));
    }
    let parts =
        budget(&config, &declared, Instant::now()).parts(at_notice(&config, &declared), config.lame_duck);
    format!(
        "{{\n\"grace_ms\":{},\n\"at_notice_ms\":{},\n\"lame_duck_ms\":{},\n\"drain_ms\":{},\n\
         \"reserves\":{{\"cut_ms\":{},\"cleanup_ms\":{},\"flush_ms\":{},\"margin_ms\":{}}},\n\
         \"warnings\":{},\n\"error\":{},\n\"resources\":{}}}\n",
        config.grace.as_millis(),
        parts.at_notice,
        parts.lame_duck,
        parts.drain,
        parts.cut,
        parts.cleanup,
        parts.flush,
        parts.margin,
        list(warnings.iter().map(|warning| quoted(warning))),
        error.map_or_else(|| "null".to_owned(), |error| quoted(&error)),
        resources,
    )
}

/// Returns the warning that the lame duck leaves the drain no time, if every declared resource is managed (R10).
pub(super) fn drain_without_time(config: &Config, declared: &Plan) -> Option<String> {
    let now = Instant::now();
    let before_cleanup = budget(config, declared, now).drain_until.saturating_duration_since(now);
    (!config.lame_duck.is_zero() && config.lame_duck >= before_cleanup).then(|| {
        format!(
            "the lame duck of {} leaves the drain no time: lame duck and drain have {} of a grace of {}, so a stop may \
             cut off what is in flight",
            format_duration(config.lame_duck),
            format_duration(before_cleanup),
            format_duration(config.grace),
        )
    })
}

/// Returns the longest time of the hooks at the notice before the lame duck. A job has no lame duck to delay (R31).
fn at_notice(config: &Config, declared: &Plan) -> Duration {
    let has_one = declared.items().iter().any(|item| item.at_notice.is_some());
    if has_one && !config.job { time_at_notice(config.grace) } else { Duration::ZERO }
}

/// Returns the budget of a stop that begins at `now`, if every declared resource is managed once.
fn budget(config: &Config, declared: &Plan, now: Instant) -> Budget {
    Budget::lowered(now, config.grace, config.fits_into, &declared.declared_paths())
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::plan::{Class, Item};

    /// R31: the plan counts the time of hooks only for a service that declares one.
    #[test]
    fn r31_the_plan_has_the_time_of_the_hooks_at_the_notice() {
        let second = Duration::from_secs(1);
        let declared =
            |at_notice| Plan::new(vec![Item { at_notice, ..Item::default() }], &[Class::default()]);
        let config = |grace, job| Config { grace, fits_into: grace, lame_duck: Duration::ZERO, job };
        let one = declared(Some("deregister"));
        assert_eq!(at_notice(&config(20 * second, false), &one), 4 * second);
        assert_eq!(at_notice(&config(60 * second, false), &one), 5 * second);
        assert_eq!(at_notice(&config(20 * second, true), &one), Duration::ZERO);
        assert_eq!(at_notice(&config(20 * second, false), &declared(None)), Duration::ZERO);
    }
}
