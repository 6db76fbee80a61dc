//! One run of a drill in a process of its own: it starts the program, stops it, and says what it has seen.

use std::time::{Duration, Instant};

use super::case::Case;
use super::program::DrillRun;
use super::run::Run;
use crate::engine::fault::Fault;
use crate::stage::Stage;
use crate::sync::catch::catch;
use crate::testing::outcome::Outcome;
use crate::testing::program::Program;
use crate::testing::service::Service;
use crate::testing::stopped::Stopped;
use crate::testing::tally::Tally;

/// The variable that plants a fault in a process.
pub(super) const VARIABLE: &str = "LIFECYCLE_DRILL";

/// The grace of a run with a second signal. The signal ends the run long before.
const GRACE: &str = "60s";

/// The lame duck of a run whose second signal comes in the lame duck.
const LAME_DUCK: &str = "30s";

/// The time after which a second signal counts as a second one (R14), and a margin.
const BETWEEN_SIGNALS: Duration = Duration::from_millis(270);

/// The tolerance of the time of a stop, on a machine that is busy with other tests.
const LATE: Duration = Duration::from_millis(500);

/// The text of the panic that the drill plants.
const PLANTED_PANIC: &str = "the drill planted a panic";

/// What the checks of a process are called in a breach.
const ENDS: &str = "the process is gone at the deadline";
const QUIET: &str = "no thread panics";
const ALONE: &str = "no process is left behind";
const ANSWERED: &str = "no request is lost";
const HURRIED: &str = "the second signal arrives in its stage";

/// Runs the program once.
///
/// # Errors
///
/// Returns the message of a panic if the program did not start or did not stop.
pub(super) fn run(make: &(dyn Fn() -> DrillRun + Sync), case: &Case) -> Result<Run, String> {
    catch(|| stop(make(), case)).map_err(|panic| panic.message())
}

/// Starts the program as this case needs it, stops it, and compares what it promised with what it did.
fn stop(run: DrillRun, case: &Case) -> Run {
    let DrillRun { program, load, checks, kept: _kept } = run;
    let mut service = start(program, case);
    let load = load.map(|load| {
        let load = load(&service);
        load.wait_for_answers(1);
        load
    });
    service.terminate();
    let hurried = match case {
        Case::SecondSignal { stage } => second_signal(&mut service, *stage),
        Case::Clean | Case::Fault { .. } => Ok(()),
    };
    let (grace, gone) = wait_for_end(&mut service);
    let released = service.facts().released();
    let stopped = service.stopped();

    let status = stopped.status.code().and_then(|status| u8::try_from(status).ok());
    let took = stopped.report.as_ref().map_or(stopped.took, |report| report.took);
    let run = Run::new(case.clone(), status, took, grace, stopped.report.clone());
    let mut run = run.with_tolerance(LATE);
    run.released = released;
    run.checked(HURRIED, hurried);
    run.checked(ENDS, gone);
    run.checked(QUIET, no_panic(&stopped.stderr));
    run.checked(ALONE, nothing_left(case, &stopped.left_behind));
    if let Some(load) = load {
        run.checked(ANSWERED, all_answered(case, &load.finish()));
    }
    for (claim, check) in checks {
        run.checked(&claim, check(&stopped));
    }
    run
}

/// Starts the program, and waits until it is ready.
fn start(program: Program, case: &Case) -> Service {
    let waits_for_ready = program.ready.is_empty();
    let mut program = program.env(VARIABLE, variable(case));
    if let Case::SecondSignal { stage } = case {
        program = program.grace(GRACE);
        if *stage == Stage::LameDuck {
            program = program.env("LIFECYCLE_LAME_DUCK", LAME_DUCK);
        }
    }
    let mut service = program.start();
    if waits_for_ready {
        let ready = service.wait_for_facts("it is not ready", |facts| facts.has("ready"));
        service.expect(ready, "it ended before it was ready");
    }
    service
}

/// Returns the value of the variable that makes the process do what this case needs.
fn variable(case: &Case) -> String {
    match case {
        Case::Fault { fault, instance } => format!("{fault}:{instance}"),
        // Its length holds the lame duck.
        Case::Clean | Case::SecondSignal { stage: Stage::LameDuck } => "clean".to_owned(),
        Case::SecondSignal { stage } => format!("hold:{stage}"),
    }
}

/// Sends a second signal in this stage.
fn second_signal(service: &mut Service, stage: Stage) -> Result<(), String> {
    let too_late = || Err(format!("the stop was over before the {stage} had a second signal"));
    service.wait_for_facts("it does not stop", |facts| facts.has("stopping"));
    let first = Instant::now();
    let stage = stage.to_string();
    if !service.wait_for_facts("it does not enter the stage", |facts| facts.has_entered(&stage)) {
        return too_late();
    }
    // R14 counts signals within 250 ms as one. Nothing tells when that time is over.
    std::thread::sleep(BETWEEN_SIGNALS.saturating_sub(first.elapsed()));
    if service.is_over() {
        return too_late();
    }
    service.terminate();
    match service.wait_for_facts("the second signal has no effect", |facts| facts.has("hurried")) {
        true => Ok(()),
        false => too_late(),
    }
}

/// Waits until the service is gone, and kills it some time after its deadline. Returns the time that the stop had.
fn wait_for_end(service: &mut Service) -> (Duration, Result<(), String>) {
    service.wait_for_facts("it does not stop", |facts| facts.has("stopping"));
    let facts = service.facts();
    let grace = facts.time_left("stopping").unwrap_or_default();
    let deadline = Instant::now() + facts.time_left("hurried").unwrap_or(grace);
    if service.is_over_by(deadline + Stopped::SLACK) {
        return (grace, Ok(()));
    }
    service.kill();
    (grace, Err(format!("it was still there after {:.1?}, and was killed", deadline.elapsed())))
}

/// A panic of a task of `tokio::spawn`, or of a thread, shows on stderr alone.
fn no_panic(stderr: &[String]) -> Result<(), String> {
    let at = |line: &String| line.starts_with("thread '") && line.contains("panicked at ");
    let panics = stderr.iter().enumerate().filter(|(_, line)| at(line)).map(|(index, line)| {
        let place = line.split_once("panicked at ").map_or("", |(_, place)| place);
        (stderr.get(index + 1).map_or("", String::as_str), place.trim_end_matches(':'))
    });
    let panics: Vec<_> = panics.filter(|(message, _)| !message.contains(PLANTED_PANIC)).collect();
    match &panics[..] {
        [] => Ok(()),
        [(message, place), ..] => Err(format!("{} panics, the first at {place}: {message}", panics.len())),
    }
}

/// A value whose teardown hangs keeps its processes. Each other one has to end them.
fn nothing_left(case: &Case, left_behind: &[String]) -> Result<(), String> {
    let keeps = matches!(case, Case::Fault { fault: Fault::Hang | Fault::Block, .. });
    if left_behind.is_empty() || keeps { Ok(()) } else { Err(left_behind.join(", ")) }
}

/// Nobody listens after the stop, and a second signal cuts requests off.
fn all_answered(case: &Case, tally: &Tally) -> Result<(), String> {
    let allowed = [Outcome::Refused];
    if matches!(case, Case::SecondSignal { .. }) || tally.lost_except(&allowed) == 0 {
        return Ok(());
    }
    Err(format!("{tally}{}", tally.losses(&allowed)))
}

#[cfg(test)]
mod tests {
    use super::{Case, Fault, Outcome, Stage, Tally, all_answered, no_panic, nothing_left};

    #[test]
    fn a_panic_on_stderr_is_found_unless_the_drill_planted_it() {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let planted =
            "thread 'main' (7) panicked at src/fault.rs:1:2:\nthe drill planted a panic\nnote: run with";
        assert_eq!(no_panic(&lines(planted)), Ok(()));
        let own = format!("{planted}\nthread 'worker' panicked at src/shop.rs:3:4:\nno such pool\n");
        assert_eq!(
            no_panic(&lines(&own)),
            Err("1 panics, the first at src/shop.rs:3:4: no such pool".to_owned())
        );
    }

    #[test]
    fn a_process_that_is_left_behind_is_found_unless_its_owner_hangs() {
        let left = ["sleep".to_owned()];
        for case in [Case::Clean, Case::fault(Fault::Error, "helper"), Case::fault(Fault::Slow, "helper")] {
            assert_eq!(nothing_left(&case, &left), Err("sleep".to_owned()), "{case}");
            assert_eq!(nothing_left(&case, &[]), Ok(()), "{case}");
        }
        for fault in [Fault::Hang, Fault::Block] {
            assert_eq!(nothing_left(&Case::fault(fault, "helper"), &left), Ok(()), "{fault}");
        }
    }

    #[test]
    fn a_lost_request_is_found_unless_it_was_refused_or_a_second_signal_cut_it_off() {
        let refused: Tally = [Outcome::Answered, Outcome::Refused].into_iter().collect();
        assert_eq!(all_answered(&Case::Clean, &refused), Ok(()));
        let reset: Tally = [Outcome::Answered, Outcome::Reset].into_iter().collect();
        let lost = Err("2 requests, 1 not answered, 1 reset".to_owned());
        assert_eq!(all_answered(&Case::fault(Fault::Hang, "helper"), &reset), lost);
        assert_eq!(all_answered(&Case::SecondSignal { stage: Stage::Drain }, &reset), Ok(()));
    }
}
