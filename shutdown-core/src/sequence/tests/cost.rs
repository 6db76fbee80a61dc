//! The cost of the sequence for each instance: no step is quadratic. A build with `--release` prints times.

use std::time::{Duration, Instant};

use crate::report::{Outcome, Straggler};
use crate::sequence::{Action, Config, Event, InstanceId, NO_CLASS, Sequence, Signal, Spec, World};
use crate::stage::TeardownStage;

struct Idle;

impl World for Idle {
    fn in_flight(&self, _: bool) -> Vec<Straggler> {
        Vec::new()
    }
}

/// Returns the time for each instance: for the begin of the stop, the first plan, each `began`, and each `ended`.
fn costs(count: u32, chain: bool) -> [Duration; 4] {
    let base = Instant::now();
    let config = Config {
        grace: Duration::from_secs(30),
        fits_into: Duration::from_secs(30),
        lame_duck: Duration::ZERO,
        job: false,
    };
    let mut sequence: Sequence<()> = Sequence::new(config);
    let mut before: Option<InstanceId> = None;
    for at in 0..count {
        let spec = Spec {
            name: ["orders", "database", "cache"][at as usize % 3].into(),
            class: NO_CLASS,
            order: None,
            timeout: None,
            stage: TeardownStage::of(at == 0),
            location: std::panic::Location::caller(),
            at_notice: false,
            needs: before.filter(|_| chain).into_iter().collect(),
        };
        let id = InstanceId(u64::from(at));
        sequence.manage(base, id, spec, (), &Idle);
        before = Some(id);
    }
    let mut spent = [Duration::ZERO; 4];
    let mut timed = |at: usize, sequence: &mut Sequence<()>, event: Event| {
        let start = Instant::now();
        sequence.on(base, event, &Idle);
        spent[at] += start.elapsed();
    };
    let signal = |number| Event::Signal(Signal { number, sender: None, interrupt: false, within: None });
    timed(0, &mut sequence, signal(15));
    timed(1, &mut sequence, Event::Drained);
    let mut ended = 0;
    loop {
        let actions = sequence.take_actions();
        assert!(!actions.is_empty(), "nothing to do, and no exit");
        let mut exits = 0;
        for action in actions {
            match action {
                Action::Start(id, (), _) => {
                    timed(2, &mut sequence, Event::Began(id));
                    timed(3, &mut sequence, Event::Ended(id, Outcome::Ok));
                    ended += 1;
                }
                Action::Exit { .. } => exits += 1,
                _ => {}
            }
        }
        if exits > 0 {
            break;
        }
    }
    assert_eq!(ended, count);
    spent.map(|spent| spent / count)
}

/// Ten times as many instances cost about ten times as much. The bound is thirty times, because a quadratic step would
/// cost a hundred times. The best of five tries counts, because the machine may be busy.
#[test]
fn the_cost_of_an_instance_does_not_grow_with_their_number() {
    for chain in [false, true] {
        let linear = |_| {
            let few: Duration = costs(1_000, chain).iter().sum();
            let many = costs(10_000, chain);
            println!("chain {chain}: begin, plan, began, ended {many:?}");
            many.iter().sum::<Duration>() < few * 3 + Duration::from_micros(2)
        };
        assert!((0..5).any(linear));
    }
}
