//! R31 at exact instants: the hooks that run at the notice, and what waits for them.
//!
//! Every stop has a grace of 10 s: the hooks have 2 s, and a hook that is given up has 50 ms to be dropped.

use std::time::Duration;

use super::MS;
use super::script::{LAME_DUCK, Script, ready, request, service, signal, spec};
use crate::report::{FactKind, MainOutcome, Outcome};
use crate::sequence::{Action, Event, InstanceId, Released, Spec};
use crate::stage::Stage;

/// Returns a service that is ready, with one instance `a` that has a hook.
fn with_hook(lame_duck: Duration) -> (Script, InstanceId) {
    let mut script = ready(lame_duck);
    let a = script.manage(0, Spec { at_notice: true, ..spec("a") });
    (script, a)
}

fn ended(id: InstanceId) -> Event {
    Event::AtNoticeEnded(id, Outcome::Ok)
}

#[test]
fn r31_the_lame_duck_counts_from_the_end_of_the_hooks() {
    let (mut script, a) = with_hook(LAME_DUCK);
    assert_eq!(script.at(0, request()), ["begin: shutdown requested: test", "notify a"]);
    assert_eq!((script.stage(), script.wakes()), (Stage::LameDuck, Some(2_000)));
    assert_eq!(script.at(300, ended(a)), [""; 0]);
    assert_eq!((script.stage(), script.wakes()), (Stage::LameDuck, Some(2_300)));
    assert_eq!(script.tick(2_300), ["drain"]);
}

#[test]
fn r31_a_hook_has_a_fifth_of_grace_and_holds_up_nothing_after_it() {
    let (mut script, _) = with_hook(LAME_DUCK);
    script.at(0, request());
    assert_eq!(script.tick(1_999), [""; 0]);
    assert_eq!(script.tick(2_000), ["drop the hook of a"]);
    assert_eq!(script.tick(4_000), ["drain"]);
    script.at(4_010, Event::MainEnded(MainOutcome::Ok));
    assert_eq!(script.at(4_010, Event::Drained), ["start a"]);
}

/// With a lame duck of zero the drain begins at the end of the hooks, so that no client is refused that was still sent.
#[test]
fn r31_a_lame_duck_of_zero_still_waits_for_the_hooks() {
    let (mut script, a) = with_hook(Duration::ZERO);
    assert_eq!(script.at(0, signal(15)), ["begin: SIGTERM", "notify a"]);
    assert_eq!(script.stage(), Stage::LameDuck);
    assert_eq!(script.at(700, ended(a)), ["drain"]);
}

/// A person waits after SIGINT. The deregistration is still tried, during the drain.
#[test]
fn r31_an_interrupt_drains_at_once_and_the_hooks_run_meanwhile() {
    let (mut script, a) = with_hook(LAME_DUCK);
    assert_eq!(script.at(0, signal(2)), ["begin: SIGINT", "notify a", "drain"]);
    script.at(10, Event::MainEnded(MainOutcome::Ok));
    assert_eq!(script.at(20, Event::Drained), [""; 0]);
    assert_eq!((script.stage(), script.wakes()), (Stage::Drain, Some(2_000)));
    assert_eq!(script.at(700, ended(a)), ["start a"]);
}

/// The same for a SIGINT that comes while the hooks run.
#[test]
fn r31_an_interrupt_during_the_hooks_begins_the_drain() {
    let (mut script, a) = with_hook(LAME_DUCK);
    script.at(0, request());
    assert_eq!(script.at(300, signal(2)), ["drain"]);
    script.at(310, Event::MainEnded(MainOutcome::Ok));
    assert_eq!(script.at(310, Event::Drained), [""; 0]);
    assert_eq!(script.at(400, ended(a)), ["start a"]);
}

#[test]
fn r14_a_second_signal_ends_the_hooks_with_the_drain() {
    let (mut script, a) = with_hook(LAME_DUCK);
    script.at(0, signal(15));
    assert_eq!(script.at(400, signal(15)), ["hurry", "drop the hook of a", "drain", "cut main", "cut work"]);
    script.at(405, Event::MainEnded(MainOutcome::Cut));
    assert_eq!(script.at(405, Event::Drained), [""; 0]);
    assert_eq!(script.at(410, Event::AtNoticeEnded(a, Outcome::TimedOut)), ["start a"]);
}

/// R10: a hook ends with the drain, so that it uses no time of the cleanup.
#[test]
fn r10_a_hook_ends_with_the_drain() {
    let mut script = ready(Duration::ZERO);
    let timeout = Some(8_700 * MS);
    script.manage(0, Spec { at_notice: true, timeout, ..spec("a") });
    script.at(0, request());
    // 10 s less 100 ms for the report, 8.7 s for the cleanup, and 50 ms for dropping what is cut off.
    assert_eq!(script.wakes(), Some(1_150));
    assert_eq!(script.tick(1_150), ["drop the hook of a", "drain", "cut main", "cut work"]);
    assert_eq!(script.tick(1_200), ["start a"]);
}

/// R7: a hook that blocks its thread cannot be dropped. Nothing waits for it longer than 50 ms.
#[test]
fn r31_a_teardown_follows_the_drop_of_its_hook() {
    for dropped in [true, false] {
        let (mut script, a) = with_hook(Duration::ZERO);
        script.at(0, request());
        assert_eq!(script.tick(2_000), ["drop the hook of a", "drain"]);
        script.at(2_010, Event::MainEnded(MainOutcome::Ok));
        assert_eq!(script.at(2_010, Event::Drained), [""; 0]);
        assert_eq!(script.wakes(), Some(2_050));
        let then = if dropped {
            script.at(2_020, Event::AtNoticeEnded(a, Outcome::TimedOut))
        } else {
            script.tick(2_050)
        };
        assert_eq!(then, ["start a"]);
        let report = {
            script.at(2_060, Event::Began(a));
            script.report(2_070, Event::Ended(a, Outcome::Ok))
        };
        assert_eq!(report.exit_status(), 70);
        let hook = report.instances[0].at_notice.as_ref().expect("it has a row");
        assert_eq!((hook.took, &hook.outcome), (2_000 * MS, &Outcome::TimedOut));
    }
}

#[test]
fn r31_a_release_waits_for_the_hook_of_its_instance() {
    let (mut script, a) = with_hook(LAME_DUCK);
    script.at(0, request());
    let now = script.base + 100 * MS;
    assert!(matches!(script.sequence.release(now, a), Released::Elsewhere));
    assert_eq!(script.at(300, ended(a)), ["release a"]);
    // The lame duck is as long as it would be without the release.
    assert_eq!(script.wakes(), Some(2_300));
    assert_eq!(script.at(350, Event::Ended(a, Outcome::Ok)), [""; 0]);
    assert_eq!(script.tick(2_300), ["drain"]);
}

#[test]
fn r31_an_instance_that_was_released_before_the_stop_has_no_hook() {
    let (mut script, a) = with_hook(LAME_DUCK);
    assert!(matches!(script.sequence.release(script.base, a), Released::Run(..)));
    assert_eq!(script.at(10, request()), ["begin: shutdown requested: test"]);
    assert_eq!(script.wakes(), Some(2_010));
}

/// R8: an instance that is managed during the lame duck may have registered too. Its hook does not make the stop longer.
#[test]
fn r31_a_late_instance_runs_its_hook_at_once() {
    let (mut script, a) = with_hook(LAME_DUCK);
    script.at(0, request());
    script.at(100, ended(a));
    let b = script.manage(500, Spec { at_notice: true, ..spec("b") });
    assert_eq!(script.tick(500), ["notify b"]);
    assert_eq!(script.tick(2_100), ["drain"]);
    script.at(2_110, Event::MainEnded(MainOutcome::Ok));
    assert_eq!(script.at(2_110, Event::Drained), [""; 0]);
    assert_eq!(script.at(2_200, ended(b)), ["start a", "start b"]);
    // The cleanup has begun: nothing could wait for another one.
    script.manage(2_210, Spec { at_notice: true, ..spec("c") });
    assert_eq!(script.tick(2_210), ["start c"]);
}

/// Nothing tells what a constructor has registered before it failed to become ready. The hook is tried in any case.
#[test]
fn r31_the_hooks_run_after_a_failed_start_too() {
    let mut script = service(LAME_DUCK);
    let a = script.manage(0, Spec { at_notice: true, ..spec("a") });
    let ending = MainOutcome::Failed { error: "no broker".into() };
    assert_eq!(script.at(10, Event::MainEnded(ending)), ["begin: `main` ended", "notify a", "drain"]);
    assert_eq!(script.at(10, Event::Drained), [""; 0]);
    assert_eq!(script.at(20, ended(a)), ["start a"]);
}

/// Clients that are gone come back as long as the registry sends them.
#[test]
fn r31_a_lame_duck_that_nobody_needs_still_waits_for_the_hooks() {
    let (mut script, a) = with_hook(LAME_DUCK);
    script.at(0, request());
    assert_eq!(script.at(100, Event::Unwanted), [""; 0]);
    assert_eq!(script.at(300, ended(a)), ["drain"]);
}

#[test]
fn r31_a_failure_of_a_hook_is_a_fault_of_its_instance() {
    let (mut script, a) = with_hook(Duration::ZERO);
    script.at(0, request());
    let failed = Outcome::Failed { failures: Vec::new(), unconfirmed: Vec::new() };
    script.at(100, Event::AtNoticeEnded(a, failed.clone()));
    script.at(110, Event::MainEnded(MainOutcome::Ok));
    script.at(110, Event::Drained);
    script.at(110, Event::Began(a));
    let report = script.report(120, Event::Ended(a, Outcome::Ok));
    assert_eq!((report.exit_status(), &report.instances[0].outcome), (70, &Outcome::Ok));
    assert_eq!(report.instances[0].at_notice.as_ref().map(|hook| &hook.outcome), Some(&failed));
}

/// A hook of 5 s at the most, the lame duck, and what is left: the drain that a program asks for before the stop.
#[test]
fn r11_the_time_of_the_hooks_is_not_the_drains() {
    let (script, _) = with_hook(LAME_DUCK);
    // 10 s less 2 s for the hook, 2 s of lame duck, 100 ms for the report, 1 s for the cleanup, and 50 ms.
    assert_eq!(script.drain_remaining(0), 4_850);
}

#[test]
fn a_stop_that_waits_for_a_hook_says_so() {
    let mut script = ready(LAME_DUCK);
    script.manage(0, Spec { at_notice: true, ..spec("a") });
    script.at(0, request());
    // The hook of a late instance may run when the first line is due.
    script.manage(3_900, Spec { at_notice: true, ..spec("b") });
    script.tick(4_000);
    let told = script.raw(5_000, Event::Tick).into_iter().find_map(|action| match action {
        Action::Tell(FactKind::Waiting { names, .. }) => Some(names),
        _ => None,
    });
    assert_eq!(told.expect("a line"), ["`main`", "`b` at the notice"]);
}
