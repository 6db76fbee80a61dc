//! The unit file against the program.

use std::process::Command;

use serde_json::Value;

const UNIT: &str = include_str!("../systemd/checkout.service");

/// Returns the value of a key that the unit file has once.
#[track_caller]
fn setting(key: &str) -> &'static str {
    let mut values = UNIT.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    let value = values.next().unwrap_or_else(|| panic!("no `{key}`"));
    assert_eq!(values.next(), None, "{key}");
    value
}

/// systemd would kill a program whose stop takes as long as its grace.
#[test]
fn systemd_waits_for_the_grace_of_the_program_and_five_seconds() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_checkout"));
    let program = program.env_remove("LIFECYCLE_GRACE").env("LIFECYCLE_PLAN", "json");
    let plan = program.output().expect("the program is executable");
    let plan: Value = serde_json::from_slice(&plan.stdout).expect("JSON");
    let grace = plan["grace_ms"].as_u64().expect("a number") / 1_000;
    let waits: u64 = setting("TimeoutStopSec").parse().expect("seconds");
    assert_eq!(waits, grace + 5);
}

/// systemd sets the variable itself since version 254.
#[test]
fn the_program_is_told_how_many_listeners_systemd_stores() {
    assert_eq!(setting("Environment"), format!("FDSTORE={}", setting("FileDescriptorStoreMax")));
}
