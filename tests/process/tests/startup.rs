//! A start-up that is interrupted leaves nothing behind.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use libc::{SIGINT, SIGTERM};
use lifecycle_process_tests::{Ended, Program, Random, both_flavours, program, soak};

/// R13, R6.
#[test]
fn a_signal_during_start_up_drops_main_and_tears_down() {
    for signal in [SIGTERM, SIGINT] {
        for program in both_flavours!("startup/endless") {
            let mut child = program.env("LIFECYCLE_LAME_DUCK", "15s").start();
            child.wait_for("waiting for the broker");
            child.signal(signal);
            let ended = child.ended();
            ended.exited(0).within(Duration::ZERO);
            ended.said(&["managed", "main dropped", "orders closed", "store closed"]);
        }
    }
}

/// R6, R13: whenever it comes.
#[test]
fn a_signal_at_any_instant_of_start_up_loses_nothing() {
    let mut random = Random::new();
    let runs = if soak() { 1000 } else { 200 };
    let (mut early, mut whole) = (0, 0);
    for run in 0..runs {
        let [multi, current] = both_flavours!("startup/steps");
        let program = if run % 2 == 0 { multi } else { current };
        // A quarter gets the signal at any instant, also before `main`; the rest when the handler is in place.
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

/// Starts it and sends SIGTERM within the time that start-up takes; `None` if it died before it had a handler.
fn interrupted(program: Program, random: &mut Random, any_instant: bool) -> Option<Ended> {
    let mut child = program.start();
    if !any_instant {
        assert!(child.wait_until_it_catches(SIGTERM), "{:#?}", child.ended());
    }
    let until = Instant::now() + Duration::from_micros(random.below(15_000));
    while Instant::now() < until {
        std::thread::sleep(Duration::from_micros(100));
    }
    let armed = child.signals().is_some_and(|sets| sets.catches(SIGTERM));
    child.signal(SIGTERM);
    let ended = child.ended();
    if !armed && ended.status.code().is_none() {
        ended.killed_by(SIGTERM);
        return None;
    }
    Some(ended)
}

/// The numbers behind `what`; each may come once.
fn steps(ended: &Ended, what: &str) -> BTreeSet<String> {
    let mut steps = BTreeSet::new();
    for step in ended.stdout.iter().filter_map(|line| line.strip_prefix(what)) {
        assert!(steps.insert(step.to_owned()), "`{what}{step}` twice: {ended:#?}");
    }
    steps
}

/// `manage` needs a lifecycle, and says where to get one.
#[test]
fn managing_outside_of_a_lifecycle_panics_with_what_to_do() {
    let ended = program!("outside", "").run();
    ended.exited(101);
    let text = ended.stderr.join("\n");
    for part in ["`lifecycle::manage` at", "outside.rs", "#[lifecycle::main]", "Lifecycle::builder()"] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
}
