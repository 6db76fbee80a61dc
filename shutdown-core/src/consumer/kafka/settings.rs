//! The configuration of the client: what it must have, and what it must not have.

use std::time::Duration;

use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use tracing::Level;
use tracing::level_filters::LevelFilter;

use crate::consumer::Error;

/// Returns the configuration with the settings that this source needs.
pub(super) fn checked(config: &ClientConfig, topics: &[&str]) -> Result<ClientConfig, Error> {
    if topics.is_empty() {
        return Err("a Kafka consumer needs a topic".into());
    }
    if config.get("group.id").is_none_or(str::is_empty) {
        return Err("a Kafka consumer needs a group: set `group.id`".into());
    }
    for (setting, why) in [
        ("enable.auto.commit", "the consumer commits the offsets of acknowledged messages itself"),
        ("enable.auto.offset.store", "the offset of a message counts after its handler has returned"),
    ] {
        if config.get(setting).is_some_and(|value| value != "false") {
            return Err(format!("`{setting}` must be `false`, or not be set: {why}").into());
        }
    }
    let mut config = config.clone();
    config.set("enable.auto.commit", "false").set("enable.auto.offset.store", "false");
    // rdkafka asks the crate `log`, which a program with `tracing` may not have.
    config.set_log_level(log_level(LevelFilter::current()));
    Ok(config)
}

fn log_level(level: LevelFilter) -> RDKafkaLogLevel {
    match level.into_level() {
        None => RDKafkaLogLevel::Emerg,
        Some(Level::ERROR) => RDKafkaLogLevel::Error,
        Some(Level::WARN) => RDKafkaLogLevel::Warning,
        Some(Level::INFO) => RDKafkaLogLevel::Info,
        Some(_) => RDKafkaLogLevel::Debug,
    }
}

/// The times of the configuration, or the defaults of the client.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    /// How often the offsets are committed. `None`: when a partition is taken away and at the stop only.
    pub(super) commit_interval: Option<Duration>,
    /// The broker takes the partitions of a member that does not rejoin its group in this time.
    pub(super) rebalance_limit: Duration,
}

impl Times {
    pub(super) fn of(config: &ClientConfig) -> Result<Times, Error> {
        let native = config.create_native_config()?;
        let read = |setting: &str| -> Result<Duration, Error> {
            let value = native.get(setting)?;
            let milliseconds = value.trim_end_matches('\0').parse();
            Ok(Duration::from_millis(milliseconds.map_err(|error| format!("`{setting}`: {error}"))?))
        };
        Ok(Times {
            commit_interval: Some(read("auto.commit.interval.ms")?).filter(|interval| !interval.is_zero()),
            rebalance_limit: read("max.poll.interval.ms")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(settings: &[(&str, &str)]) -> ClientConfig {
        settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[track_caller]
    fn refused(settings: &[(&str, &str)], topics: &[&str], text: &str) {
        let error = checked(&config(settings), topics).expect_err("it is refused").to_string();
        assert!(error.contains(text), "{error}");
    }

    #[test]
    fn a_group_and_a_topic_are_required() {
        refused(&[], &["orders"], "set `group.id`");
        refused(&[("group.id", "")], &["orders"], "set `group.id`");
        refused(&[("group.id", "workers")], &[], "needs a topic");
    }

    #[test]
    fn settings_that_lose_messages_are_refused() {
        for setting in ["enable.auto.commit", "enable.auto.offset.store"] {
            for value in ["true", "TRUE", "1"] {
                refused(&[("group.id", "workers"), (setting, value)], &["orders"], setting);
            }
            let config = config(&[("group.id", "workers"), (setting, "false")]);
            checked(&config, &["orders"]).expect("it says the same");
        }
    }

    #[test]
    fn the_client_stores_and_commits_nothing_by_itself() {
        let config = checked(&config(&[("group.id", "workers")]), &["orders"]).expect("it is complete");
        assert_eq!(config.get("enable.auto.commit"), Some("false"));
        assert_eq!(config.get("enable.auto.offset.store"), Some("false"));
    }

    #[test]
    fn the_times_are_those_of_the_client() {
        let times = Times::of(&ClientConfig::new()).expect("the defaults");
        assert_eq!(times.commit_interval, Some(Duration::from_secs(5)));
        assert_eq!(times.rebalance_limit, Duration::from_secs(300));
        let never = Times::of(&config(&[("auto.commit.interval.ms", "0")])).expect("a value");
        assert_eq!(never.commit_interval, None);
        assert!(Times::of(&config(&[("auto.commit.interval.ms", "soon")])).is_err());
    }
}
