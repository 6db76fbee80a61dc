//! Small stops with exact instants: each rule at the place where it is decided.
//!
//! Every stop has a grace of 10 s, and so a margin of 100 ms. The times are milliseconds since the base.

use std::time::Duration;

use super::MS;
use super::script::{LAME_DUCK, close, ready, request, script, service, signal, spec};
use crate::report::{FactKind, MainOutcome, Outcome, Straggler};
use crate::sequence::{Action, Config, Event, InstanceId, Released, Spec};
use crate::stage::{Stage, TeardownStage};

/// R9, R11: the deadline is known from the begin of the stop, and stays known after it.
#[test]
fn the_deadline_is_t0_and_grace() {
    let mut script = ready(Duration::ZERO);
    assert_eq!(script.deadline(), None);
    script.at(100, request());
    assert_eq!(script.deadline(), Some(10_100));
    script.at(150, Event::MainEnded(MainOutcome::Ok));
    assert_eq!(script.at(200, Event::Drained), ["exit 0"]);
    assert_eq!((script.stage(), script.deadline()), (Stage::Exited, Some(10_100)));
    assert_eq!(script.wakes(), None);
}

/// R11: before the stop, the drain's length after a lame duck is told. In the stop, it is the time until the drain ends.
#[test]
fn the_end_of_the_drain_is_known_before_the_stop_and_in_it() {
    let mut script = ready(LAME_DUCK);
    assert_eq!(script.drain_remaining(0), 7_850);
    script.manage(0, Spec { timeout: Some(3_000 * MS), ..spec("a") });
    // 10 s less 2 s of lame duck, 100 ms for the report, 3 s for the cleanup, and 50 ms for dropping what is cut off.
    assert_eq!(script.drain_remaining(50), 4_850);
    script.at(100, request());
    assert_eq!(script.drain_remaining(100), 6_850);
    script.tick(2_100);
    assert_eq!(script.drain_remaining(2_100), 4_850);
    // Nobody has ticked since this instance was managed.
    script.manage(2_200, Spec { timeout: Some(4_000 * MS), ..spec("b") });
    assert_eq!(script.drain_remaining(2_200), 3_750);
    script.tick(5_949);
    assert_eq!(script.drain_remaining(5_949), 1);
    assert_eq!(script.tick(5_950), ["cut main", "cut work"]);
    assert_eq!(script.drain_remaining(5_950), 0);
}

/// R11, R14: a second signal leaves the drain no time. A drain that ends early has none left either.
#[test]
fn a_drain_that_is_over_has_no_time_left() {
    let mut hurried = ready(LAME_DUCK);
    hurried.at(0, signal(15));
    assert!(hurried.drain_remaining(300) > 0);
    hurried.at(300, signal(15));
    assert_eq!(hurried.drain_remaining(300), 0);
    let mut early = ready(Duration::ZERO);
    early.manage(0, spec("a"));
    early.at(0, request());
    early.at(10, Event::MainEnded(MainOutcome::Ok));
    assert!(early.drain_remaining(10) > 0);
    assert_eq!(early.at(20, Event::Drained), ["start a"]);
    assert_eq!(early.drain_remaining(20), 0);
}

/// R11: a lame duck that takes all of the time leaves the drain none.
#[test]
fn a_lame_duck_as_long_as_grace_leaves_no_drain() {
    let script = ready(10_000 * MS);
    assert_eq!(script.drain_remaining(0), 0);
}

/// R9: a grace that no clock can count to is cut to the longest one.
#[test]
fn a_grace_without_end_does_not_overflow() {
    let mut script = script(Config {
        grace: Duration::MAX,
        fits_into: Duration::MAX,
        lame_duck: Duration::MAX,
        job: false,
    });
    script.at(0, Event::Ready);
    script.at(0, request());
    assert_eq!(script.deadline(), Some(366 * 24 * 3_600_000));
    assert_eq!(script.stage(), Stage::LameDuck);
}

/// The lame duck lasts as long as it is configured, not shorter and not longer.
#[test]
fn the_lame_duck_ends_after_its_time() {
    let mut script = ready(LAME_DUCK);
    assert_eq!(script.at(100, request()), ["begin: shutdown requested: test"]);
    assert_eq!((script.stage(), script.wakes()), (Stage::LameDuck, Some(2_100)));
    assert_eq!(script.tick(2_099), [""; 0]);
    assert_eq!(script.stage(), Stage::LameDuck);
    assert_eq!(script.tick(2_100), ["drain"]);
    assert_eq!(script.stage(), Stage::Drain);
}

/// R10: a lame duck that is longer than the later stages allow ends when the drain has to.
#[test]
fn the_lame_duck_leaves_the_reserves() {
    let mut script = ready(10_000 * MS);
    script.manage(0, Spec { timeout: Some(3_000 * MS), ..spec("a") });
    script.at(0, request());
    script.tick(5_000);
    // 10 s less 100 ms for the report, 3 s for the cleanup, and 50 ms for dropping what is cut off.
    assert_eq!(script.wakes(), Some(6_850));
    assert_eq!(script.tick(6_850), ["drain", "cut main", "cut work"]);
}

/// R14: SIGINT skips the lame duck, also of a stop that another reason began.
#[test]
fn an_interrupt_ends_the_lame_duck() {
    let mut script = ready(LAME_DUCK);
    assert_eq!(script.at(0, signal(2)), ["begin: SIGINT", "drain"]);

    let mut script = ready(LAME_DUCK);
    script.at(0, request());
    assert_eq!(script.at(10, signal(15)), [""; 0]);
    assert_eq!(script.stage(), Stage::LameDuck);

    let mut script = ready(LAME_DUCK);
    script.at(0, request());
    assert_eq!(script.at(10, signal(2)), ["drain"]);
}

/// R9: a stop that the system itself bounds has a shorter grace, and no lame duck.
#[test]
fn a_close_of_the_console_leaves_the_time_that_the_system_waits() {
    let mut long = ready(LAME_DUCK);
    assert_eq!(long.at(100, close()), ["begin: SIGINT", "drain"]);
    assert_eq!(long.deadline(), Some(4_850));

    let mut short =
        script(Config { grace: 3_000 * MS, fits_into: 3_000 * MS, lame_duck: Duration::ZERO, job: false });
    short.at(100, close());
    assert_eq!(short.deadline(), Some(3_100), "grace is shorter");
}

/// R9, R14: a close of the console hurries a stop that has begun, whether it counts as a second signal or not.
#[test]
fn a_close_of_the_console_hurries_a_stop_that_has_begun() {
    for (begin, at) in [(signal(15), 100), (signal(15), 1_000), (request(), 1_000)] {
        let mut script = ready(LAME_DUCK);
        script.at(0, begin);
        assert_eq!(script.at(at, close())[..2], ["hurry", "drain"]);
        assert_eq!(script.deadline(), Some(u128::from(at) + 3_000));
    }
}

/// The lame duck ends if no client sends work any more.
#[test]
fn a_lame_duck_that_nobody_wants_ends() {
    let mut script = ready(LAME_DUCK);
    script.at(0, request());
    assert_eq!(script.at(500, Event::Unwanted), ["drain"]);
    assert_eq!(script.at(600, Event::Unwanted), [""; 0]);
}

/// R13: a stop before `ready()` drops `main` and has no lame duck. The notice comes after the cut, so that `main` cannot
/// return an error because of the notice (R26). After `ready()`, `main` is work in flight.
#[test]
fn only_a_main_that_is_not_ready_is_dropped_at_once() {
    assert_eq!(service(LAME_DUCK).at(0, signal(15)), ["cut main", "begin: SIGTERM", "drain"]);
    assert_eq!(ready(LAME_DUCK).at(0, signal(15)), ["begin: SIGTERM"]);
    assert_eq!(ready(Duration::ZERO).at(0, signal(15)), ["begin: SIGTERM", "drain"]);
}

/// A job is ready from the start, and has no lame duck.
#[test]
fn a_job_is_ready_and_has_no_lame_duck() {
    let mut job =
        script(Config { grace: 10_000 * MS, fits_into: 10_000 * MS, lame_duck: LAME_DUCK, job: true });
    assert_eq!(job.at(0, signal(15)), ["begin: SIGTERM", "drain"]);
}

/// A `main` that has ended is not dropped, whether it was ready or not.
#[test]
fn a_main_that_has_ended_is_not_dropped() {
    for mut script in [service(LAME_DUCK), ready(LAME_DUCK)] {
        assert_eq!(script.at(5, Event::MainEnded(MainOutcome::Ok)), ["begin: `main` ended", "drain"]);
        let report = script.report(5, Event::Drained);
        assert_eq!((report.main, report.stragglers), (Some(MainOutcome::Ok), Vec::new()));
    }
}

/// R5, R12: `ready()` refuses a plan that cannot be carried out, and drops `main`.
#[test]
fn an_invalid_plan_stops_the_start() {
    let mut script = service(LAME_DUCK);
    script.manage(0, Spec { timeout: Some(20_000 * MS), ..spec("a") });
    let actions = script.at(0, Event::Ready);
    assert!(actions[1].starts_with("begin: invalid plan: the time-outs `a` 20s need 20s"), "{actions:?}");
    assert_eq!(actions[0], "cut main");
    // The time-outs are scaled to all of the time, so that the drain has none.
    assert_eq!(actions[2..], ["drain", "cut main", "cut work", "start a"]);

    let mut script = service(LAME_DUCK);
    let a = script.manage(0, spec("a"));
    script.manage(0, Spec { needs: vec![a], ..spec("b") });
    script.sequence.depends_on(script.base, a, InstanceId(1));
    let actions = script.at(0, Event::Ready);
    assert!(actions[1].starts_with("begin: invalid plan: dependency cycle: `a` before"), "{actions:?}");
    assert_eq!(script.at(1, Event::Ready), [""; 0]);
    script.at(2, Event::MainEnded(MainOutcome::Cut));
    assert_eq!(script.at(3, Event::Drained), ["start a"]);
}

/// R10: the drain ends in time for the cleanup, and what is cut off gets 50 ms to be dropped.
#[test]
fn work_is_cut_off_and_then_gets_fifty_milliseconds() {
    let mut script = ready(Duration::ZERO);
    script.manage(0, spec("a"));
    script.world.0 = vec![Straggler::Passes { count: 2 }];
    script.at(0, request());
    // 10 s less 100 ms for the report, a tenth for the cleanup, and 50 ms.
    assert_eq!(script.wakes(), Some(5_000), "a line about what is awaited");
    script.tick(5_000);
    assert_eq!(script.wakes(), Some(8_850));
    assert_eq!(script.tick(8_849), [""; 0]);
    assert_eq!(script.tick(8_850), ["cut main", "cut work"]);
    assert_eq!((script.stage(), script.wakes()), (Stage::Drain, Some(8_900)));
    assert_eq!(script.tick(8_899), [""; 0]);
    assert_eq!(script.tick(8_900), ["start a"]);
    assert_eq!((script.stage(), script.wakes()), (Stage::Cleanup, Some(9_900)));
    script.at(8_901, Event::Began(InstanceId(0)));
    let report = script.report(8_902, Event::Ended(InstanceId(0), Outcome::Ok));
    assert_eq!(report.stragglers, [Straggler::Main, Straggler::Passes { count: 2 }]);
    assert_eq!(report.exit_status(), 70);
}

/// R10: work that gives way after it was cut off does not delay the cleanup.
#[test]
fn the_cleanup_begins_as_soon_as_the_work_is_gone() {
    let mut script = ready(Duration::ZERO);
    script.manage(0, spec("a"));
    script.at(0, request());
    script.tick(8_850);
    assert_eq!(script.at(8_860, Event::Drained), ["start a"]);
}

/// R10: each teardown has a limit, and the sequence wakes for it.
#[test]
fn the_next_tick_is_the_limit_of_what_runs() {
    let mut script = ready(Duration::ZERO);
    let a = script.manage(0, Spec { timeout: Some(300 * MS), ..spec("a") });
    let last = script.manage(0, Spec { stage: TeardownStage::Flush, ..spec("t") });
    script.at(0, Event::MainEnded(MainOutcome::Ok));
    assert_eq!(script.at(0, Event::Drained), ["start a"]);
    // A twentieth of grace is the flush's.
    assert_eq!(script.wakes(), Some(5_000), "a line about what is awaited");
    script.at(10, Event::Began(a));
    assert_eq!((script.wakes(), script.millis(script.sequence.limit(a))), (Some(310), Some(310)));
    assert_eq!(script.tick(309), [""; 0]);
    assert_eq!(script.tick(310), ["abandon a: timed out", "start t"]);
    assert_eq!((script.stage(), script.sequence.limit(a)), (Stage::Flush, None));
    script.at(320, Event::Began(last));
    assert_eq!(script.millis(script.sequence.limit(last)), Some(9_900));
    let report = script.report(330, Event::Ended(last, Outcome::Ok));
    let took: Vec<Duration> = report.instances.iter().map(|row| row.took).collect();
    assert_eq!((took, report.took), (vec![300 * MS, 10 * MS], 330 * MS));
}

/// R10: the cleanup ends in time for the flush, even if a teardown never got a thread.
#[test]
fn the_flush_begins_when_the_cleanups_time_is_up() {
    let mut script = ready(Duration::ZERO);
    script.manage(0, spec("a"));
    let last = script.manage(0, Spec { stage: TeardownStage::Flush, ..spec("t") });
    script.at(0, Event::MainEnded(MainOutcome::Ok));
    script.at(0, Event::Drained);
    script.tick(5_000);
    assert_eq!(script.wakes(), Some(9_400));
    script.tick(9_399);
    assert_eq!(script.stage(), Stage::Cleanup);
    assert_eq!(script.tick(9_400), ["start t"]);
    assert_eq!((script.stage(), script.wakes()), (Stage::Flush, Some(9_900)));
    script.at(9_410, Event::Began(last));
    script.at(9_420, Event::Ended(last, Outcome::Ok));
    assert_eq!(script.stage(), Stage::Flush, "the first one may still get a thread");
    assert_eq!(script.tick(9_900), ["abandon a: not run", "exit 124"]);
}

/// R8, R10: an instance of the flush that is managed in the cleanup takes its reserve from the cleanup.
#[test]
fn a_new_instance_of_the_flush_takes_its_reserve_from_the_cleanup() {
    let mut script = ready(Duration::ZERO);
    let a = script.manage(0, spec("a"));
    script.at(0, Event::MainEnded(MainOutcome::Ok));
    script.at(0, Event::Drained);
    script.at(1, Event::Began(a));
    assert_eq!(script.millis(script.sequence.limit(a)), Some(9_900));
    script.manage(2, Spec { stage: TeardownStage::Flush, timeout: Some(3_000 * MS), ..spec("t") });
    assert_eq!(script.millis(script.sequence.limit(a)), Some(6_900));
}

/// R10: a teardown that begins a little late takes the missing time from those after it.
#[test]
fn a_teardown_that_begins_late_keeps_its_share() {
    let mut script = ready(Duration::ZERO);
    let b = script.manage(0, spec("b"));
    let a = script.manage(0, Spec { needs: vec![b], ..spec("a") });
    script.at(0, Event::MainEnded(MainOutcome::Ok));
    assert_eq!(script.at(0, Event::Drained), ["start a"]);
    // Its share is half of 9.9 s. A hundredth of the remaining time is a little.
    script.at(50, Event::Began(a));
    assert_eq!(script.millis(script.sequence.limit(a)), Some(5_000));
}

/// R8, R10: an instance that is managed before the cleanup changes the shares at the next step.
#[test]
fn a_new_instance_in_the_drain_takes_its_reserve() {
    for lame_duck in [Duration::ZERO, 9_000 * MS] {
        let mut script = ready(lame_duck);
        script.at(0, request());
        script.manage(10, Spec { timeout: Some(7_000 * MS), ..spec("a") });
        assert_eq!(script.wakes(), Some(0), "at once");
        script.tick(11);
        assert_eq!(script.wakes(), Some(2_850));
        assert!(script.tick(2_850).ends_with(&["cut main".to_owned(), "cut work".to_owned()]));
        // Work that has been cut off does not get more time if an instance is managed then.
        script.manage(2_851, Spec { timeout: Some(MS), ..spec("b") });
        script.tick(2_852);
        assert_eq!(script.wakes(), Some(2_900));
    }
}

/// R14: a second signal ends the lame duck and the drain, and leaves 3 s.
#[test]
fn a_second_signal_hurries_the_stop() {
    let mut script = ready(LAME_DUCK);
    script.manage(0, spec("a"));
    script.at(0, signal(15));
    assert_eq!(script.at(1_000, signal(15)), ["hurry", "drain", "cut main", "cut work"]);
    assert_eq!((script.deadline(), script.wakes()), (Some(4_000), Some(1_030)));
    assert_eq!(script.tick(1_030), ["start a"]);
    assert_eq!(script.wakes(), Some(3_900));
    assert_eq!(script.at(1_249, signal(15)), [""; 0], "within 250 ms");
    assert_eq!(script.at(1_250, signal(15)), ["die 15"]);
}

/// R14: a second signal in the drain cuts off the work at once.
#[test]
fn a_second_signal_ends_the_drain() {
    let mut script = ready(Duration::ZERO);
    script.manage(0, spec("a"));
    script.at(0, signal(15));
    assert_eq!(script.at(1_000, signal(15)), ["hurry", "cut main", "cut work"]);
    assert_eq!((script.deadline(), script.wakes()), (Some(4_000), Some(1_030)));
}

/// Every five seconds one line says what the stop is waiting for: the work in flight, then the teardowns.
#[test]
fn what_is_awaited_is_announced_every_five_seconds() {
    let mut script = ready(Duration::ZERO);
    script.world.0 = vec![Straggler::Passes { count: 1 }];
    script.manage(0, spec("a"));
    script.manage(0, spec("b"));
    script.at(0, request());
    assert_eq!(script.tick(4_999), [""; 0]);
    assert_eq!(script.tick(5_000), ["drain waits for `main`, 1 pass that was not returned"]);
    assert_eq!(script.tick(5_001), [""; 0]);
    script.at(6_000, Event::MainEnded(MainOutcome::Ok));
    script.at(6_000, Event::Drained);
    script.at(6_001, Event::Began(InstanceId(0)));
    script.at(6_001, Event::Ended(InstanceId(0), Outcome::Ok));
    assert_eq!(script.tick(9_899), [""; 0]);

    let mut script = ready(LAME_DUCK);
    script.manage(0, spec("a"));
    script.manage(0, spec("b"));
    script.at(0, request());
    script.at(2_000, Event::MainEnded(MainOutcome::Ok));
    script.at(2_000, Event::Drained);
    script.at(2_001, Event::Began(InstanceId(1)));
    assert_eq!(script.tick(5_000), ["cleanup waits for `a`, `b`"]);
    script.at(5_001, Event::Ended(InstanceId(1), Outcome::Ok));
    assert_eq!(script.wakes(), Some(9_900));
}

/// R6: a teardown that has ended does not begin again, and one that was never started does not begin.
#[test]
fn only_a_teardown_that_was_started_begins() {
    let mut script = ready(Duration::ZERO);
    let a = script.manage(0, Spec { order: Some(1), ..spec("a") });
    let b = script.manage(0, Spec { order: Some(2), ..spec("b") });
    script.at(0, Event::MainEnded(MainOutcome::Ok));
    assert_eq!(script.at(0, Event::Drained), ["start a"]);
    script.at(1, Event::Began(b));
    assert_eq!(script.sequence.limit(b), None);
    script.at(2, Event::Began(a));
    assert_eq!(script.at(3, Event::Ended(a, Outcome::Ok)), ["start b"]);
    script.at(4, Event::Began(a));
    assert_eq!(script.sequence.limit(a), None);
    assert_eq!(script.at(5, Event::Ended(a, Outcome::TimedOut)), [""; 0]);
    script.at(6, Event::Began(b));
    assert_eq!(script.report(7, Event::Ended(b, Outcome::Ok)).exit_status(), 0);
}

/// R6: a release hands the teardown to the caller before the cleanup only, and once.
#[test]
fn a_release_is_for_the_time_before_the_cleanup() {
    let mut script = ready(Duration::ZERO);
    let a = script.manage(0, Spec { timeout: Some(500 * MS), ..spec("a") });
    let b = script.manage(0, spec("b"));
    let base = script.base;
    assert!(
        matches!(script.sequence.release(base, a), Released::Run("a", Some(timeout)) if timeout == 500 * MS)
    );
    assert!(matches!(script.sequence.release(base, a), Released::Elsewhere));
    script.at(0, request());
    script.at(1, Event::MainEnded(MainOutcome::Ok));
    // The released one is not started a second time.
    assert_eq!(script.at(2, Event::Drained), ["start b"]);
    assert!(matches!(script.sequence.release(base, b), Released::Elsewhere));
    script.at(3, Event::Began(b));
    script.at(3, Event::Ended(b, Outcome::Ok));
    assert_eq!(script.stage(), Stage::Cleanup, "the stop waits for the release");
    let report = script.report(4, Event::Ended(a, Outcome::Ok));
    assert_eq!((report.instances.len(), report.exit_status()), (2, 0));
}

/// R20: an essential task stops a running service, and its error during the stop is reported.
#[test]
fn an_essential_task_that_ends_stops_the_service() {
    let ended =
        |error: Option<&str>| Event::EssentialEnded { name: "feed".into(), error: error.map(str::to_owned) };
    let mut script = ready(LAME_DUCK);
    assert_eq!(script.at(0, ended(None)), ["begin: essential task `feed` ended"]);
    assert_eq!(script.stage(), Stage::LameDuck);

    let mut script = ready(Duration::ZERO);
    script.at(0, request());
    script.at(1, ended(None));
    script.at(1, ended(Some("lost")));
    script.at(2, Event::TaskPanicked);
    script.at(3, Event::MainEnded(MainOutcome::Ok));
    let report = script.report(4, Event::Drained);
    assert_eq!(report.faults, ["essential task `feed` failed: lost"]);
    assert_eq!((report.panicked_tasks, report.exit_status()), (1, 70));
}

/// R12: time-outs that do not fit into grace are noted where they could not be refused.
#[test]
fn time_outs_that_came_too_late_to_be_refused_are_scaled_and_noted() {
    let mut script = ready(Duration::ZERO);
    script.manage(1, Spec { timeout: Some(20_000 * MS), ..spec("a") });
    script.at(2, Event::MainEnded(MainOutcome::Ok));
    script.at(2, Event::Drained);
    script.at(3, Event::Began(InstanceId(0)));
    let report = script.report(4, Event::Ended(InstanceId(0), Outcome::Ok));
    assert_eq!(report.notes.len(), 1, "{report}");
    assert!(report.notes[0].starts_with("scaled to fit: the time-outs `a` 20s need 20s"), "{report}");
}

/// R34: the end of the stop is told before a teardown of the flush starts, and once more only if the flush changes it.
#[test]
fn the_end_is_told_before_the_flush_starts() {
    for (outcome, is_told_once) in [(Outcome::Ok, true), (Outcome::TimedOut, false)] {
        let mut script = ready(Duration::ZERO);
        script.manage(0, spec("a"));
        let last = script.manage(0, Spec { stage: TeardownStage::Flush, ..spec("log") });
        script.at(0, Event::MainEnded(MainOutcome::Ok));
        script.at(0, Event::Drained);
        script.at(1, Event::Began(InstanceId(0)));
        let actions = script.raw(2, Event::Ended(InstanceId(0), Outcome::Ok));
        let at = |is: fn(&Action<&str>) -> bool| actions.iter().position(is);
        let told = at(|action| matches!(action, Action::Tell(FactKind::Stopped { status: 0, .. })));
        let started = at(|action| matches!(action, Action::Start(_, "log", _)));
        assert!(told.is_some() && told < started, "{actions:?}");
        let exit = script.raw(3, Event::Ended(last, outcome));
        let is_told = |action: &Action<&str>| matches!(action, Action::Exit { is_told, .. } if *is_told == is_told_once);
        assert!(exit.iter().any(is_told), "{exit:?}");
    }
}
