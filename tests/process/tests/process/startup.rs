//! An interrupted start-up tears down all that it has managed.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use libc::{SIGINT, SIGTERM};
use lifecycle_process_tests::{Ended, Program, Random, Watched, both_flavours, program, soak};

/// R13, R6.
#[test]
fn a_signal_during_start_up_drops_main_and_tears_down() {
    for signal in [SIGTERM, SIGINT] {
        for program in both_flavours!("startup/endless") {
            let mut child = program.lame_duck("15s").ready_at_line("waiting for the broker").start();
            child.signal(signal);
            let ended = child.stopped();
            ended.exited(0).within(Duration::ZERO);
            ended.said(&["managed", "main dropped", "orders closed", "store closed"]);
        }
    }
}

/// R6, R13.
#[test]
fn a_signal_at_any_instant_of_start_up_loses_nothing() {
    let mut random = Random::new();
    let runs = if soak() { 1000 } else { 200 };
    let (mut early, mut whole) = (0, 0);
    for run in 0..runs {
        let [multi, current] = both_flavours!("startup/steps");
        let program = if run % 2 == 0 { multi } else { current };
        // One quarter of the runs get the signal at any instant, even before `main`. The others have a handler by
        // then.
        let any_instant = run % 4 < 2 && run % 8 < 4;
        match interrupted(program, &mut random, any_instant) {
            None => early += 1,
            Some(ended) => {
                ended.exited(0);
                let (managed, closed) = (steps(&ended, "managed "), steps(&ended, "closed "));
                assert_eq!(managed, closed, "{ended:#?}");
                whole += usize::from(managed.len() == 12);
            }
        }
    }
    println!("{runs} runs: {early} died before the handlers were there, {whole} had started up");
    assert!(early < runs / 3, "{early} of {runs} never had a handler");
    assert!(whole < runs * 9 / 10, "{whole} of {runs} had started up: the instants are badly chosen");
}

/// Starts the program, and sends SIGTERM during start-up. Returns `None` if the program had no handler yet and
/// was killed.
fn interrupted(program: Program, random: &mut Random, any_instant: bool) -> Option<Ended> {
    let mut child = program.start();
    if !any_instant {
        assert!(child.wait_until_it_catches(SIGTERM), "{:#?}", child.stopped());
    }
    let until = Instant::now() + Duration::from_micros(random.below(15_000));
    while Instant::now() < until {
        std::thread::sleep(Duration::from_micros(100));
    }
    let armed = child.signals().is_some_and(|sets| sets.catches(SIGTERM));
    let ended = child.stop();
    if !armed && ended.status.code().is_none() {
        ended.killed_by(SIGTERM);
        return None;
    }
    Some(ended)
}

/// Returns the numbers after `what`. Each number may occur once.
fn steps(ended: &Ended, what: &str) -> BTreeSet<String> {
    let mut steps = BTreeSet::new();
    for step in ended.stdout.iter().filter_map(|line| line.strip_prefix(what)) {
        assert!(steps.insert(step.to_owned()), "`{what}{step}` twice: {ended:#?}");
    }
    steps
}

/// Without a lifecycle, `manage` panics with a message that names the solutions.
#[test]
fn managing_outside_of_a_lifecycle_panics_with_what_to_do() {
    let ended = program!("outside", "").run();
    ended.exited(101);
    let text = ended.stderr.join("\n");
    for part in ["`lifecycle::manage` at", "outside.rs", "#[lifecycle::main]", "Lifecycle::builder()"] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
}
