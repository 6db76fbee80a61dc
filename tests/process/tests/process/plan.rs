//! The plan of the linked program. Its errors are reported before `main` runs.

use libc::SIGTERM;
use lifecycle_process_tests::{Fixture, Program, program};
use serde_json::{Value, json};

/// R5: status 78, and one line with the cycle and its reasons.
#[test]
fn a_cycle_through_a_generic_type_is_refused_before_main() {
    let ended = program!("cycle", "").run();
    ended.exited(78).reported_only("lifecycle: dependency cycle: ").never_said("main runs");
    for part in ["Hub", "Spoke", "spoke", "depends_on"] {
        ended.reported(&[part]);
    }
}

/// R12: status 78, and one line with the path that exceeds the grace of the program.
#[test]
fn declared_time_outs_that_do_not_fit_are_refused_before_main() {
    let ended = program!("timeouts_plain", "2").grace("").run();
    ended.exited(78).reported_only("lifecycle: the time-outs `Above` 1s, then `Below` 1s need 2s");
    ended.never_said("main runs");
    program!("timeouts_plain", "3").grace("").run().exited(0).said(&["main runs"]);
    // A longer grace of the environment helps.
    program!("timeouts_plain", "2").grace("3s").run().exited(0).not_reported("warning");
}

/// R12: a variable of the operator makes no crash loop. The time-outs are scaled, with a warning, and in the report.
#[test]
fn a_lowered_grace_scales_the_time_outs() {
    for bin in [program!("timeouts", ""), program!("timeouts_plain", "10")] {
        let ended = bin.grace("2s").run();
        ended.exited(0).said(&["main runs"]);
        let warning =
            "lifecycle: warning: LIFECYCLE_GRACE lowers grace from 10s to 2s, so time-outs are scaled";
        ended.reported(&[warning, "`Above` 1s, then `Below` 1s need 2s"]);
        ended.reported(&["  note: scaled to fit: the time-outs `Above` 1s, then `Below` 1s need 2s"]);
    }
}

/// R12: the same for time-outs that only the managed instances show.
#[test]
fn a_lowered_grace_scales_the_time_outs_of_instances() {
    let ended = program!("multi", "startup/time-outs do not fit").grace("1s").stopped_by(SIGTERM);
    ended
        .exited(0)
        .reported(&["  note: scaled to fit: the time-outs `a` 700ms, then `b` 700ms need 1s 400ms"]);
    ended.reported(&["lifecycle: warning: LIFECYCLE_GRACE lowers grace from 25s to 1s", "`a` 700ms"]);
    assert_eq!(ended.stdout.iter().filter(|line| *line == "slow closed").count(), 2, "{ended:#?}");
}

/// R12: the lame duck is a part of grace, so it is scaled, too.
#[test]
fn a_lowered_grace_scales_the_lame_duck() {
    let plain = |grace| {
        program!("plain", "endings/idle").env("OPTIONS", "grace_ms=20000 lame_duck_ms=4000").grace(grace)
    };
    let ended = plain("1s").stopped_by(SIGTERM);
    let says = "LIFECYCLE_GRACE lowers grace from 20s to 1s, so the lame duck is scaled from 4s to 200ms";
    ended.exited(0).reported(&["lifecycle: warning: ", says]).reported(&["  note: ", says]);
    // One that still fits is left as it is.
    let ended = plain("5s").stopped_by(SIGTERM);
    ended.exited(0).not_reported("warning").not_before(std::time::Duration::from_secs(4));
}

/// R10: a lame duck that takes all the time before the cleanup is told at the start and in the report.
#[test]
fn a_lame_duck_that_leaves_the_drain_no_time_is_told() {
    let plain = |lame_duck: u32| {
        let options = format!("grace_ms=1000 lame_duck_ms={lame_duck}");
        program!("plain", "endings/idle").env("OPTIONS", &options).grace("1s")
    };
    let says = "the lame duck of 950ms leaves the drain no time";
    plain(950).stopped_by(SIGTERM).reported(&["lifecycle: warning: ", says]).reported(&["  note: ", says]);
    // The declared time-outs leave 240 ms before the cleanup.
    plain(200).stopped_by(SIGTERM).not_reported("no time");
}

/// R5, R6: dependencies between instances are known only at the end of start-up.
#[test]
fn a_cycle_of_instances_is_refused_when_ready() {
    let ended = program!("multi", "startup/instance cycle").run();
    ended.exited(78);
    ended.reported(&["invalid plan: dependency cycle: ", "`a`", "`b`"]);
    assert_eq!(ended.stdout.iter().filter(|line| *line == "part closed").count(), 2, "{ended:#?}");
}

/// R5: generic types are not in the registry.
#[test]
fn a_cycle_of_generic_types_is_refused_when_ready() {
    let ended = program!("multi", "startup/generic cycle").run();
    ended.exited(78).reported(&["invalid plan: dependency cycle: ", "Ping", "Pong"]);
}

/// R12, R6.
#[test]
fn time_outs_of_instances_that_do_not_fit_are_refused_when_ready() {
    let program = program!("plain", "startup/time-outs do not fit").env("OPTIONS", "grace_ms=1000");
    let ended = program.grace("").run();
    ended.exited(78);
    ended.reported(&["invalid plan: the time-outs `a` 700ms, then `b` 700ms need 1s 400ms"]);
    assert_eq!(ended.stdout.iter().filter(|line| *line == "slow closed").count(), 2, "{ended:#?}");
}

/// The plan includes types from another crate and instances of generic types.
#[test]
fn the_plan_is_printed_without_running_main() {
    let ended = program!("plan", "").env("LIFECYCLE_PLAN", "tree").run();
    ended.exited(0).never_said("main runs");
    let tree = ended.stdout.join("\n");
    let place = |name: &str| tree.find(name).unwrap_or_else(|| panic!("no `{name}` in\n{tree}"));
    assert!(place("Front") < place("Cache") && place("Cache") < place("Ledger"), "{tree}");
    for part in ["order 3", "field `cache`", "field `ledger`"] {
        assert!(tree.contains(part), "no `{part}` in\n{tree}");
    }
    let (_, generic) =
        tree.split_once("generic (the types are known only at run time)").expect("what is not seen");
    assert!(generic.contains("Cache (plan, "), "{tree}");
    assert!(ended.stderr.is_empty(), "{ended:#?}");
}

/// Each format has a known first word.
#[test]
fn the_plan_has_four_forms() {
    for (form, start) in [("tree", ""), ("dot", "digraph"), ("mermaid", "graph TD"), ("json", "{")] {
        let ended = program!("plan", "").env("LIFECYCLE_PLAN", form).run();
        ended.exited(0).never_said("main runs");
        assert!(ended.stdout.join("\n").starts_with(start), "{ended:#?}");
    }
}

/// Returns the plan that `program` prints as JSON, after it has ended with status 0 and without a word on stderr.
#[track_caller]
fn json(program: Program) -> Value {
    let ended = program.env("LIFECYCLE_PLAN", "json").run();
    ended.exited(0).never_said("main runs");
    assert!(ended.stderr.is_empty(), "{ended:#?}");
    serde_json::from_str(&ended.stdout.join("\n")).unwrap_or_else(|error| panic!("{error}: {ended:#?}"))
}

/// R10: the arithmetic of the rule, for two time-outs of 1 s, one after the other.
#[test]
fn the_json_has_the_times_of_a_stop_that_add_up_to_grace() {
    let plan = json(program!("timeouts_plain", "10").grace("").lame_duck("3s"));
    assert_eq!(plan["grace_ms"], 10_000);
    assert_eq!(plan["lame_duck_ms"], 3_000);
    assert_eq!(plan["drain_ms"], 10_000 - 3_000 - 50 - 2_000 - 100);
    let reserves = json!({"cut_ms": 50, "cleanup_ms": 2_000, "flush_ms": 0, "margin_ms": 100});
    assert_eq!(plan["reserves"], reserves);
    assert_eq!((&plan["warnings"], &plan["error"]), (&json!([]), &Value::Null));
    assert_eq!(plan["resources"][0]["before"][0]["name"], "Below");
}

/// R12: the times are those in effect, and the warnings those of the start.
#[test]
fn the_json_has_the_times_that_the_environment_configures() {
    let plan = json(program!("timeouts_plain", "10").grace("2s").lame_duck("500ms"));
    assert_eq!((&plan["grace_ms"], &plan["lame_duck_ms"]), (&json!(2_000), &json!(500)));
    // The time-outs of 2 s are scaled by 2 s / 10 s.
    let reserves = json!({"cut_ms": 20, "cleanup_ms": 400, "flush_ms": 0, "margin_ms": 100});
    assert_eq!(plan["reserves"], reserves);
    assert_eq!(plan["drain_ms"], 2_000 - 500 - 20 - 400 - 100);
    assert_eq!(plan["error"], Value::Null);
    let [warning] = &plan["warnings"].as_array().expect("warnings")[..] else { panic!("{plan:#}") };
    let says = "LIFECYCLE_GRACE lowers grace from 10s to 2s, so time-outs are scaled to fit: the time-outs `Above` 1s";
    assert!(warning.as_str().is_some_and(|warning| warning.starts_with(says)), "{warning}");
}

/// R10: a lame duck that takes the time of the drain ends when the drain would.
#[test]
fn the_json_tells_of_a_lame_duck_that_leaves_the_drain_no_time() {
    let plan = json(program!("timeouts_plain", "10").grace("").lame_duck("9s"));
    assert_eq!((&plan["lame_duck_ms"], &plan["drain_ms"]), (&json!(7_850), &json!(0)));
    let says = "the lame duck of 9s leaves the drain no time";
    assert!(plan["warnings"][0].as_str().is_some_and(|warning| warning.starts_with(says)), "{plan:#}");
}

/// R10: a job has no lame duck, also if a variable that other programs share configures one.
#[test]
fn the_json_of_a_job_has_no_lame_duck() {
    let plan = json(program!("job", "short").lame_duck("19s 900ms"));
    assert_eq!((&plan["grace_ms"], &plan["lame_duck_ms"]), (&json!(20_000), &json!(0)));
    assert_eq!(plan["warnings"], json!([]));
    let plan = json(program!("job", "short").grace("5s").lame_duck("10s"));
    assert_eq!((&plan["lame_duck_ms"], &plan["warnings"]), (&json!(0), &json!([])));
}

/// R5, R12: a program that would refuse to start still prints its plan, with the reason.
#[test]
fn the_json_says_why_a_program_refuses_to_start() {
    let too_short = program!("timeouts_plain", "2").grace("");
    for (program, says, first) in [
        (too_short, "the time-outs `Above` 1s, then `Below` 1s need 2s", "Above"),
        (program!("cycle", ""), "dependency cycle: ", "Hub"),
    ] {
        let plan = json(program);
        assert!(plan["error"].as_str().is_some_and(|error| error.starts_with(says)), "{plan:#}");
        assert_eq!((&plan["warnings"], &plan["resources"][0]["name"]), (&json!([]), &json!(first)));
        let sum =
            |parts: &Value| parts.as_object().into_iter().flatten().filter_map(|(_, ms)| ms.as_u64()).sum();
        let reserves: u64 = sum(&plan["reserves"]);
        let [grace, lame_duck, drain] =
            ["grace_ms", "lame_duck_ms", "drain_ms"].map(|key| plan[key].as_u64());
        assert_eq!(grace, Some(lame_duck.unwrap_or(1) + drain.unwrap_or(1) + reserves), "{plan:#}");
    }
}

/// R1, across crates and through a generic type.
#[test]
fn types_of_other_crates_and_generic_ones_are_torn_down_in_order() {
    let ended = program!("plan", "").run();
    ended.exited(0).said(&["main runs", "front closed", "cache closed", "ledger closed"]);
}
