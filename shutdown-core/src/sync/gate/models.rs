//! R16 and the memory of a gate under loom: `RUSTFLAGS="--cfg loom" cargo test -p shutdown-core --lib --release`.

use loom::{cell::Cell, future::block_on, thread};

use crate::{
    Gate, Pass,
    sync::modelled::{Arc, AtomicBool, AtomicUsize, Ordering, model},
    sync::shards::seating::sit_at,
};

fn at(seat: usize, body: impl FnOnce() + 'static) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        sit_at(seat);
        body();
    })
}

#[test]
fn no_pass_after_close_has_returned() {
    model(|| {
        let gate = Gate::new();
        let told = Arc::new(AtomicBool::new(false));
        let closer = at(0, {
            let (gate, told) = (gate.clone(), told.clone());
            move || {
                gate.close();
                told.store(true, Ordering::Release);
            }
        });
        sit_at(1);
        let before = told.load(Ordering::Acquire);
        let pass = gate.pass();
        assert!(!(before && pass.is_some()), "a pass after the close");
        closer.join().unwrap();
        assert!(gate.pass().is_none());
        assert_eq!(gate.in_flight(), usize::from(pass.is_some()));
    });
}

#[test]
fn no_pass_after_another_thread_was_refused() {
    model(|| {
        let gate = Gate::new();
        let refused = Arc::new(AtomicBool::new(false));
        let closer = at(0, {
            let gate = gate.clone();
            move || {
                gate.close();
            }
        });
        let asker = at(0, {
            let (gate, refused) = (gate.clone(), refused.clone());
            move || {
                if gate.pass().is_none() {
                    refused.store(true, Ordering::Release);
                }
            }
        });
        sit_at(1);
        let before = refused.load(Ordering::Acquire);
        let pass = gate.pass();
        assert!(!(before && pass.is_some()), "a pass after a refusal");
        closer.join().unwrap();
        asker.join().unwrap();
    });
}

#[test]
fn no_pass_after_the_gate_was_seen_closed() {
    for seat in [0, 1] {
        model(move || {
            let gate = Gate::new();
            let closer = at(0, {
                let gate = gate.clone();
                move || {
                    gate.close();
                }
            });
            sit_at(seat);
            let before = gate.is_closed();
            // The call is not conditional, because loom explores only calls that happen.
            let pass = gate.pass();
            assert!(!(before && pass.is_some()), "a pass from shard {seat}");
            closer.join().unwrap();
        });
    }
}

#[test]
fn one_close_wins() {
    model(|| {
        let gate = Gate::new();
        let wins = Arc::new(AtomicUsize::new(0));
        let close = {
            let wins = wins.clone();
            move |gate: &Gate| {
                if gate.close() {
                    wins.fetch_add(1, Ordering::Relaxed);
                }
            }
        };
        let other = at(1, {
            let (gate, close) = (gate.clone(), close.clone());
            move || close(&gate)
        });
        let asker = at(1, {
            let gate = gate.clone();
            move || drop(gate.pass())
        });
        close(&gate);
        other.join().unwrap();
        asker.join().unwrap();
        assert_eq!(wins.load(Ordering::Relaxed), 1);
    });
}

/// Work that holds a pass, and records when it has returned the pass.
struct Work {
    pass: Option<Pass>,
    done: Arc<Cell<usize>>,
}

impl Drop for Work {
    fn drop(&mut self) {
        // Not atomic: loom fails the model if the waiter for the drain is not ordered after this write.
        self.done.set(self.done.get() + 1);
        drop(self.pass.take());
    }
}

#[track_caller]
fn the_drain_waits_for_passes_from(seats: [usize; 2]) {
    model(move || {
        let gate = Gate::new();
        let done = [0, 1].map(|_| Arc::new(Cell::new(0)));
        let works = [0, 1].map(|work| {
            sit_at(seats[work]);
            Work { pass: gate.pass(), done: done[work].clone() }
        });
        let others = works.map(|work| at(0, move || drop(work)));
        gate.close();
        block_on(gate.drained());
        for done in &done {
            assert_eq!(done.get(), 1);
        }
        for other in others {
            other.join().unwrap();
        }
    });
}

#[test]
fn the_drain_waits_for_passes_on_every_shard_and_sees_their_work() {
    the_drain_waits_for_passes_from([0, 1]);
}

#[test]
fn the_drain_waits_for_every_pass_of_a_shard_and_sees_their_work() {
    the_drain_waits_for_passes_from([1, 1]);
}

#[test]
fn the_drain_waits_for_a_pass_split_while_the_gate_closes() {
    model(|| {
        let gate = Gate::new();
        let done = Arc::new(Cell::new(0));
        let pass = gate.pass().unwrap();
        let worker = at(1, {
            let done = done.clone();
            move || {
                let split = pass.split();
                drop(pass);
                drop(Work { pass: Some(split), done });
            }
        });
        gate.close();
        block_on(gate.drained());
        assert_eq!(done.get(), 1);
        assert_eq!(gate.in_flight(), 0);
        worker.join().unwrap();
    });
}

#[test]
fn a_pass_that_got_in_while_the_gate_closed_is_waited_for() {
    model(|| {
        let gate = Gate::new();
        let done = Arc::new(Cell::new(0));
        let worker = at(1, {
            let (gate, done) = (gate.clone(), done.clone());
            move || {
                if let Some(pass) = gate.pass() {
                    drop(Work { pass: Some(pass), done });
                }
            }
        });
        gate.close();
        block_on(gate.drained());
        let seen = done.get();
        worker.join().unwrap();
        assert_eq!(seen, done.get(), "work after the drain");
    });
}

#[test]
fn drained_is_reported_exactly_once() {
    model(|| {
        let gate = Gate::new();
        let reports = Arc::new(AtomicUsize::new(0));
        gate.on_drained({
            let reports = reports.clone();
            move || {
                reports.fetch_add(1, Ordering::Relaxed);
            }
        });
        let pass = gate.pass().unwrap();
        let worker = at(0, move || drop(pass));
        let closer = at(1, {
            let gate = gate.clone();
            move || {
                gate.close();
            }
        });
        gate.close();
        worker.join().unwrap();
        closer.join().unwrap();
        assert!(gate.is_drained());
        assert_eq!(reports.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn what_is_to_run_when_drained_runs_if_it_races_the_drain() {
    model(|| {
        let gate = Gate::new();
        let pass = gate.pass().unwrap();
        gate.close();
        let worker = at(0, move || drop(pass));
        let reports = Arc::new(AtomicUsize::new(0));
        gate.on_drained({
            let reports = reports.clone();
            move || {
                reports.fetch_add(1, Ordering::Relaxed);
            }
        });
        worker.join().unwrap();
        assert_eq!(reports.load(Ordering::Relaxed), 1);
    });
}

/// Relies on the assertion in the drop of `Inner`, and on loom's check that every `Arc` is freed.
#[test]
fn the_last_handle_dropped_closes_the_gate_and_passes_outlive_it() {
    model(|| {
        let gate = Gate::new();
        let drained = gate.drained();
        let first = gate.pass().unwrap();
        sit_at(1);
        let second = gate.pass().unwrap();
        let others = [at(0, move || drop(first)), at(0, move || drop(second.split()))];
        drop(gate);
        block_on(drained);
        for other in others {
            other.join().unwrap();
        }
    });
}

/// The waiter sees the uses of both handles. So the holder of one handle is not refused by the drop of the other.
#[test]
fn handles_dropped_at_once_close_the_gate_after_all_that_was_done_with_them() {
    model(|| {
        let gate = Gate::new();
        let drained = gate.drained();
        let done = Arc::new(Cell::new(0));
        let other = at(0, {
            let (gate, done) = (gate.clone(), done.clone());
            move || {
                done.set(1);
                drop(gate);
            }
        });
        drop(gate);
        block_on(drained);
        assert_eq!(done.get(), 1);
        other.join().unwrap();
    });
}

#[test]
fn a_joined_pass_holds_up_the_drain_and_none_is_handed_out_after_it() {
    model(|| {
        let gate = Gate::new();
        sit_at(0);
        let pass = gate.pass().unwrap();
        let joiner = at(1, {
            let gate = gate.clone();
            move || {
                let drained = gate.is_drained();
                let joined = gate.join();
                assert!(!(drained && joined.is_some()), "a pass out of a drained gate");
                if joined.is_some() {
                    assert!(!gate.is_drained(), "drained while a joined pass is out");
                }
            }
        });
        gate.close();
        drop(pass);
        joiner.join().unwrap();
        assert!(gate.is_drained());
        assert!(gate.join().is_none());
    });
}
