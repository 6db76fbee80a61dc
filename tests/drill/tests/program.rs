//! `LIFECYCLE_DRILL`, and what the drill of a program says of programs that it cannot drill.

use std::panic::catch_unwind;
use std::time::Duration;

use lifecycle::testing::{DrillRun, Program, drill_program};
use tempfile::TempDir;

/// A shell script that writes facts as `lifecycle` does, and stays for ever after SIGTERM.
const NEVER_ENDS: &str = r#"
say() { printf '{"run":"%s-1","fact":%s}\n' $$ "$1" >>"$LIFECYCLE_REPORT"; }
trap 'say "\"stopping\",\"left_ms\":100"; while :; do sleep 0.1; done' TERM
say '"ready"'
while :; do sleep 0.01; done
"#;

/// Configures the copy of `checkout`, and its folder.
fn shop(drill: &str) -> (Program, TempDir) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let program = Program::new(env!("CARGO_BIN_EXE_shop")).arg(folder.path()).address("LISTEN");
    (program.ready_at_probe("/readyz").env("LIFECYCLE_DRILL", drill), folder)
}

/// Returns the message with which a drill of this shell script refuses.
#[track_caller]
fn refusal(script: &'static str, patience: u64) -> String {
    let patience = Duration::from_secs(patience);
    let program = move || Program::new("sh").arg("-c").arg(script).patience(patience);
    let drill = catch_unwind(|| drop(drill_program(program).run()));
    let panic = drill.expect_err("the drill refuses");
    panic.downcast_ref::<String>().expect("a text").clone()
}

#[test]
fn r38_a_wrong_value_is_status_78_and_says_what_to_write() {
    for (value, why) in [
        (
            "hng:Journal",
            "`hng` is not a fault; expected a fault and the name of an instance, such as `hang:orders-db`; ",
        ),
        (
            "hang",
            "no instance is named; expected a fault and the name of an instance, such as `hang:orders-db`; ",
        ),
        (
            "hold:exit",
            "`exit` is not a stage that a drill holds; expected `hold:drain`, `hold:cleanup` or `hold:flush`",
        ),
    ] {
        let stopped = Program::new(env!("CARGO_BIN_EXE_shop")).env("LIFECYCLE_DRILL", value).run();
        stopped.exited(78).reported_only(&format!("lifecycle: LIFECYCLE_DRILL is `{value}`: {why}"));
    }
}

#[test]
fn r38_an_instance_that_does_not_exist_is_told() {
    let (program, _folder) = shop("hang:Jurnal");
    let mut service = program.start();
    service.terminate();
    let stopped = service.stopped();
    stopped.exited(70);
    let told = "the drill found no instance `Jurnal` to plant the fault `hang` at: the instances are `Journal`, `Database`, \
                `Telemetry`";
    assert!(stopped.report().remarks.iter().any(|remark| remark == told), "{:?}", stopped.report().remarks);
}

#[test]
fn r38_a_planted_fault_is_told_at_the_start_and_in_the_report() {
    let (program, _folder) = shop("error:Journal");
    let mut service = program.start();
    service.wait_for_on_stderr("lifecycle: warning: LIFECYCLE_DRILL plants the fault `error` at `Journal`");
    service.terminate();
    let stopped = service.stopped();
    stopped.exited(70);
    let note = "LIFECYCLE_DRILL plants the fault `error` at `Journal`";
    assert!(stopped.report().remarks.iter().any(|remark| remark == note), "{:?}", stopped.report().remarks);
}

#[test]
fn r38_a_program_without_lifecycle_is_refused() {
    let why = refusal("trap 'exit 3' TERM; while :; do sleep 0.01; done", 1);
    assert!(why.contains("the drill cannot learn the plan: it is not ready"), "{why}");
    let why = refusal("exit 3", 60);
    assert!(why.contains("the drill cannot learn the plan: it ended before it was ready"), "{why}");
}

/// The tolerance of the drill is 4 s.
#[test]
fn r38_a_process_that_stays_after_its_deadline_is_killed_and_named() {
    let why = refusal(NEVER_ENDS, 60);
    assert!(why.contains("the process is gone at the deadline: it was still there after"), "{why}");
}

/// R6 lets the others not run if no thread is left for them.
#[test]
fn r38_a_block_of_the_only_thread_is_not_a_breach() {
    let shop = || {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let program = Program::new(env!("CARGO_BIN_EXE_shop")).arg(folder.path()).address("LISTEN");
        let program = program.env("ONE_THREAD", "1").grace("1s").ready_at_probe("/readyz");
        DrillRun::of(program).keep(folder)
    };
    let matrix = drill_program(shop).only(|case| case.to_string() == "block at `Journal`").run();
    matrix.assert_holds();
    let text = matrix.to_string();
    assert!(
        text.contains("not drilled: block at `Journal`: it blocks the only thread of the runtime"),
        "{text}"
    );
}
