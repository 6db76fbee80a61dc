//! The demo: real processes, a real signal at a random instant, and an audit.

use std::env;
use std::process::{Command, Output};
use std::time::{SystemTime, UNIX_EPOCH};

fn demo(seed: u64, options: &[&str]) -> Output {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_checkout"));
    demo.args(["--demo", "--seed", &seed.to_string()]).args(options);
    demo.output().expect("the program is executable")
}

/// Returns the number after a label, one for each audit.
#[track_caller]
fn counts(output: &str, label: &str) -> Vec<usize> {
    let lines = output.lines().filter_map(|line| line.trim().strip_prefix(label));
    let first = |line: &str| line.split_whitespace().next().and_then(|number| number.parse().ok());
    lines.map(|line| first(line).expect("a number follows the label")).collect()
}

#[test]
fn sigterm_at_any_instant_loses_no_order_and_no_request_and_a_restart_settles_the_rest() {
    let runs = if env::var_os("LIFECYCLE_SOAK").is_some() { 20 } else { 3 };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    for seed in (now..).take(runs) {
        let output = demo(seed, &[]);
        let text = String::from_utf8_lossy(&output.stdout);
        let whole = format!("{text}{}", String::from_utf8_lossy(&output.stderr));
        println!("{text}");
        assert_eq!(counts(&text, "orders lost"), [0, 0], "seed {seed}: {whole}");
        assert_eq!(counts(&text, "requests unanswered"), [0, 0], "seed {seed}: {whole}");
        assert!(text.contains("nothing was lost"), "seed {seed}: {whole}");
        assert_eq!(text.matches("  exit status: 0").count(), 2, "seed {seed}: {whole}");
        assert_eq!(counts(&text, "left to settle")[1..], [0], "seed {seed}: {whole}");
        assert!(counts(&text, "orders acknowledged")[0] > 0, "seed {seed}: {whole}");
        assert!(output.status.success(), "seed {seed}: {whole}");
    }
}

/// An audit that cannot fail proves nothing.
#[test]
fn the_audit_finds_what_a_sigkill_loses() {
    let output = demo(1, &["--kill"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("not closed: lines are missing"), "{text}");
    assert!(!output.status.success(), "{text}");
}
