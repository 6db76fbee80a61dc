//! The notice under loom: `RUSTFLAGS="--cfg loom" cargo test -p shutdown-core --lib --release`.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use loom::{cell::Cell, future::block_on, thread};

use super::{Notice, Waiting};
use crate::{
    sync::modelled::{Arc, AtomicUsize, Ordering, model},
    sync::shards::seating::sit_at,
};

fn poll(waiting: &mut Waiting, waker: &Waker) -> Poll<()> {
    Pin::new(waiting).poll(&mut Context::from_waker(waker))
}

fn firing(notice: &Notice) -> thread::JoinHandle<bool> {
    let notice = notice.clone();
    thread::spawn(move || notice.fire())
}

/// loom reports a deadlock if a wake-up is lost.
#[test]
fn a_wait_that_races_the_fire_ends() {
    model(|| {
        let notice = Notice::new();
        let firing = firing(&notice);
        block_on(notice.wait());
        assert!(firing.join().unwrap());
    });
}

#[test]
fn waiters_on_every_shard_are_woken() {
    model(|| {
        let notice = Notice::new();
        let firing = firing(&notice);
        let waiting = notice.wait();
        let other = thread::spawn(move || {
            sit_at(1);
            block_on(waiting);
        });
        block_on(notice.wait());
        other.join().unwrap();
        firing.join().unwrap();
    });
}

#[test]
fn a_new_waker_that_races_the_fire_is_woken() {
    model(|| {
        let notice = Notice::new();
        let mut waiting = notice.wait();
        assert!(poll(&mut waiting, Waker::noop()).is_pending());
        let firing = firing(&notice);
        block_on(waiting);
        firing.join().unwrap();
    });
}

#[test]
fn a_waiter_that_moves_to_another_thread_is_woken() {
    model(|| {
        let notice = Notice::new();
        let mut waiting = notice.wait();
        assert!(poll(&mut waiting, Waker::noop()).is_pending());
        let firing = firing(&notice);
        let other = thread::spawn(move || {
            sit_at(1);
            block_on(waiting);
        });
        other.join().unwrap();
        firing.join().unwrap();
    });
}

#[test]
fn a_drop_that_races_the_fire_takes_no_other_waiter_along() {
    model(|| {
        let notice = Notice::new();
        let mut dropped = notice.wait();
        assert!(poll(&mut dropped, Waker::noop()).is_pending());
        let firing = firing(&notice);
        let dropping = thread::spawn(move || drop(dropped));
        block_on(notice.wait());
        dropping.join().unwrap();
        firing.join().unwrap();
    });
}

#[test]
fn a_waiter_sees_what_was_done_before_the_fire() {
    model(|| {
        let notice = Notice::new();
        let told = Arc::new(Cell::new(0));
        let other = thread::spawn({
            let (notice, told) = (notice.clone(), told.clone());
            move || {
                told.set(1);
                notice.fire();
            }
        });
        if notice.is_fired() {
            assert_eq!(told.get(), 1);
        }
        block_on(notice.wait());
        assert_eq!(told.get(), 1);
        other.join().unwrap();
    });
}

#[test]
fn one_fire_wins() {
    model(|| {
        let notice = Notice::new();
        let wins = AtomicUsize::new(0);
        let firing = [firing(&notice), firing(&notice)];
        for firing in firing {
            if firing.join().unwrap() {
                wins.fetch_add(1, Ordering::Relaxed);
            }
        }
        assert_eq!(wins.load(Ordering::Relaxed), 1);
    });
}
