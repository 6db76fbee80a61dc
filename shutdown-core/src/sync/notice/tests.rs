use std::{
    panic::{self, AssertUnwindSafe},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    thread,
};

use super::{Notice, Slot, Waiters, Waiting};

/// A waker that counts its calls, and can run other code.
#[derive(Default)]
struct Alarm {
    rung: AtomicUsize,
    on_wake: Option<Box<dyn Fn() + Send + Sync>>,
    /// A value that is dropped together with the last waker.
    _held: Option<Waiting>,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.rung.fetch_add(1, Ordering::Relaxed);
        if let Some(on_wake) = &self.on_wake {
            on_wake();
        }
    }
}

impl Alarm {
    fn rung(&self) -> usize {
        self.rung.load(Ordering::Relaxed)
    }
}

fn poll(waiting: &mut Waiting, alarm: &Arc<Alarm>) -> Poll<()> {
    Pin::new(waiting).poll(&mut Context::from_waker(&Waker::from(alarm.clone())))
}

#[test]
fn a_waiter_is_woken_once_and_stays_ready() {
    let (notice, alarm) = (Notice::new(), Arc::new(Alarm::default()));
    let mut waiting = notice.wait();
    assert!(poll(&mut waiting, &alarm).is_pending());
    assert!(poll(&mut waiting, &alarm).is_pending());
    assert!(notice.fire());
    assert_eq!(alarm.rung(), 1);
    assert!(poll(&mut waiting, &alarm).is_ready());
    assert!(poll(&mut waiting, &alarm).is_ready());
}

#[test]
fn only_the_first_fire_fires() {
    let notice = Notice::new();
    assert!(!notice.is_fired() && notice.fire());
    assert!(notice.is_fired() && !notice.fire());
}

#[test]
fn a_wait_after_the_fire_ends_at_once() {
    let notice = Notice::new();
    notice.fire();
    assert!(poll(&mut notice.wait(), &Arc::default()).is_ready());
}

#[test]
fn only_the_last_waker_of_a_waiter_is_woken() {
    let notice = Notice::new();
    let alarms: [Arc<Alarm>; 3] = Default::default();
    let mut waiting = notice.wait();
    for alarm in &alarms {
        assert!(poll(&mut waiting, alarm).is_pending());
    }
    notice.fire();
    assert_eq!(alarms.map(|alarm| alarm.rung()), [0, 0, 1]);
}

#[test]
fn a_dropped_waiter_is_forgotten_and_its_place_used_again() {
    let notice = Notice::new();
    let alarm = Arc::new(Alarm::default());
    for _ in 0..100 {
        let mut two = [notice.wait(), notice.wait()];
        assert!(two.iter_mut().all(|waiting| poll(waiting, &alarm).is_pending()));
    }
    assert_eq!(Arc::strong_count(&alarm), 1, "a waker was kept");
    let slots: usize = notice.inner.shards.iter().map(|shard| shard.lock().unwrap().slots.len()).sum();
    assert_eq!(slots, 2);
    notice.fire();
    assert_eq!(alarm.rung(), 0);
}

/// Invariant 3.
#[test]
fn a_waiter_dropped_after_the_fire_frees_nobody_elses_place() {
    let (notice, alarm) = (Notice::new(), Arc::new(Alarm::default()));
    let mut waiting = notice.wait();
    assert!(poll(&mut waiting, &alarm).is_pending());
    notice.fire();
    drop(waiting);
    assert!(notice.inner.shards.iter().all(|shard| shard.lock().unwrap().slots.is_empty()));
    assert_eq!(Arc::strong_count(&alarm), 1);
}

/// A held lock would cause a deadlock here.
#[test]
fn a_waker_may_use_the_notice() {
    let notice = Notice::new();
    let seen = notice.clone();
    let on_wake = move || {
        let mut again = seen.wait();
        assert!(poll(&mut again, &Arc::default()).is_ready() && !seen.fire());
    };
    let alarm = Arc::new(Alarm { on_wake: Some(Box::new(on_wake)), ..Alarm::default() });
    let mut waiting = notice.wait();
    assert!(poll(&mut waiting, &alarm).is_pending());
    notice.fire();
    assert_eq!(alarm.rung(), 1);
}

/// A waker may be the last reference to a task that waits for the same notice. If the waker were dropped under
/// the lock, it would deadlock.
#[test]
fn a_dropped_waker_may_take_another_waiter_along() {
    let notice = Notice::new();
    for replace in [false, true] {
        let mut held = notice.wait();
        assert!(poll(&mut held, &Arc::default()).is_pending());
        let alarm = Arc::new(Alarm { _held: Some(held), ..Alarm::default() });
        let mut waiting = notice.wait();
        assert!(poll(&mut waiting, &alarm).is_pending());
        drop(alarm);
        if replace {
            assert!(poll(&mut waiting, &Arc::default()).is_pending());
        }
        drop(waiting);
    }
}

#[test]
fn a_waker_that_panics_takes_no_other_along() {
    let notice = Notice::new();
    let bad = || panic::resume_unwind(Box::new("a bad executor"));
    let mut waiting = [notice.wait(), notice.wait(), notice.wait()];
    let alarms = [
        Alarm { on_wake: Some(Box::new(bad)), ..Alarm::default() },
        Alarm::default(),
        Alarm { on_wake: Some(Box::new(bad)), ..Alarm::default() },
    ]
    .map(Arc::new);
    for (waiting, alarm) in waiting.iter_mut().zip(&alarms) {
        assert!(poll(waiting, alarm).is_pending());
    }
    let payload = panic::catch_unwind(AssertUnwindSafe(|| notice.fire())).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"a bad executor"));
    assert_eq!(alarms.map(|alarm| alarm.rung()), [1, 1, 1]);
}

#[test]
fn a_waiter_is_small() {
    if cfg!(target_pointer_width = "64") {
        assert_eq!(size_of::<Waiting>(), 32);
        assert_eq!(size_of::<Slot>(), 16);
    }
}

#[test]
fn holes_are_filled_last_first_and_then_the_end() {
    let mut waiters = Waiters::default();
    let keys: Vec<u32> = (0..4).map(|_| waiters.insert(Waker::noop().clone())).collect();
    assert_eq!(keys, [0, 1, 2, 3]);
    assert!(waiters.remove(1).is_some() && waiters.remove(3).is_some());
    let keys: Vec<u32> = (0..3).map(|_| waiters.insert(Waker::noop().clone())).collect();
    assert_eq!(keys, [3, 1, 4]);
    assert_eq!(waiters.into_wakers().count(), 5);
}

#[test]
fn threads_that_wait_and_leave_while_it_fires_all_end() {
    for _ in 0..200 {
        let notice = Notice::new();
        thread::scope(|scope| {
            for thread in 0..4 {
                let notice = &notice;
                scope.spawn(move || {
                    let alarm = Arc::new(Alarm::default());
                    let mut stays = notice.wait();
                    let pending = poll(&mut stays, &alarm).is_pending();
                    for _ in 0..50 {
                        let mut leaves = notice.wait();
                        let _ = poll(&mut leaves, &Arc::default());
                    }
                    if thread == 0 {
                        notice.fire();
                    }
                    // The loop does not poll again, because the test waits for the wake-up itself.
                    while pending && alarm.rung() == 0 {
                        thread::yield_now();
                    }
                    assert!(poll(&mut stays, &alarm).is_ready());
                });
            }
        });
    }
}
