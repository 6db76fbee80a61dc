//! Budgets and limits against R10 and R12 as they are written.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{Budget, FAST, Limits, check, usable};
use crate::plan::DeclaredPath;
use crate::plan::tests::cases;
use crate::plan::tests::model::{Sketch, sound_sketch};

fn path() -> impl Strategy<Value = DeclaredPath> {
    (any::<bool>(), 0..40_000_u64).prop_map(|(any, length)| DeclaredPath {
        any,
        length: Duration::from_millis(if any { length } else { 0 }),
        items: Vec::new(),
    })
}

fn millis(range: std::ops::Range<u64>) -> impl Strategy<Value = Duration> {
    range.prop_map(Duration::from_millis)
}

#[track_caller]
fn assert_close(a: Duration, b: Duration) {
    assert!(a.abs_diff(b) <= Duration::from_micros(1), "{a:?} is not {b:?}");
}

/// What is left from the start of each stage to its end, and that stages follow each other.
fn stages(budget: &Budget, start: Instant) -> [Duration; 4] {
    let ends = [start, budget.cut_until, budget.cleanup_until, budget.flush_until, budget.deadline];
    assert!(budget.drain_until <= budget.cut_until && budget.drain_until >= start);
    std::array::from_fn(|at| {
        assert!(ends[at] <= ends[at + 1], "stage {at} ends before it begins");
        ends[at + 1] - ends[at]
    })
}

proptest! {
    #![proptest_config(cases(1500))]

    /// R9, R10.
    #[test]
    fn each_stage_keeps_its_reserve(grace in millis(0..40_000), cleanup in path(), flush in path()) {
        let start = Instant::now();
        let budget = Budget::new(start, grace, &cleanup, &flush);
        let [_, for_cleanup, for_flush, spare] = stages(&budget, start);
        prop_assert_eq!(budget.deadline, start + grace);
        prop_assert_eq!(spare, (grace / 20).min(Duration::from_millis(100)));
        let want_cleanup = if cleanup.any { cleanup.length.max(grace / 10) } else { Duration::ZERO };
        let want_flush = if flush.any { flush.length.max(grace / 20) } else { Duration::ZERO };
        let available = usable(grace);
        if want_cleanup + want_flush <= available {
            prop_assert_eq!((for_cleanup, for_flush), (want_cleanup, want_flush));
        } else {
            assert_close(for_cleanup + for_flush, available);
            let scale = available.as_secs_f64() / (want_cleanup + want_flush).as_secs_f64();
            assert_close(for_cleanup, want_cleanup.mul_f64(scale));
        }
    }

    /// R14.
    #[test]
    fn a_fast_stop_is_over_within_three_seconds_and_never_later_than_before(
        grace in millis(0..40_000),
        at in 0.0..1.2_f64,
        cleanup in path(),
        flush in path(),
    ) {
        let start = Instant::now();
        let old = Budget::new(start, grace, &cleanup, &flush);
        let now = start + grace.mul_f64(at);
        let fast = old.fast(now, &cleanup, &flush);
        prop_assert_eq!(fast.deadline, now + FAST.min(old.deadline.saturating_duration_since(now)));
        prop_assert_eq!(fast.drain_until, now);
        prop_assert!(fast.cut_until <= now + Duration::from_millis(50));
        if now < old.flush_until {
            let [_, for_cleanup, for_flush, _] = stages(&fast, now);
            prop_assert!(fast.flush_until <= old.flush_until);
            prop_assert!(for_cleanup > Duration::ZERO || !cleanup.any);
            prop_assert!(for_flush > Duration::ZERO || !flush.any);
        }
    }

    /// R10, straight from its formula.
    #[test]
    fn limits_are_those_of_the_formula(
        sketch in sound_sketch(12),
        done in prop::collection::vec(prop::bool::weighted(0.2), 12),
        time in millis(0..30_000),
        flush_time in millis(0..10_000),
    ) {
        let now = Instant::now();
        let until = |last| if last { now + time + flush_time } else { now + time };
        let limits = Limits::new(&sketch.plan(), now, until, |item| done[item]);
        for last in [false, true] {
            let b = (until(last) - now).as_secs_f64();
            let declared = |v: usize| sketch.items[v].timeout.map(|timeout| timeout.as_secs_f64());
            let open = |v: usize| if done[v] { 0.0 } else { 1.0 };
            let d = sketch.heaviest_of(last, &|v| declared(v).unwrap_or(0.0) * open(v));
            let n = sketch.heaviest_of(last, &|v| f64::from(u8::from(declared(v).is_none())) * open(v));
            let s = if n > 0.0 { ((b - d) / n).max(0.05 * b) } else { 0.0 };
            let unscaled = |v: usize| declared(v).unwrap_or(s) * open(v);
            let l = sketch.heaviest_of(last, &unscaled);
            let scale = if l > 0.0 { (b / l).min(1.0) } else { 1.0 };
            let weight = |v: usize| unscaled(v) * scale;
            for v in (0..sketch.items.len()).filter(|v| sketch.items[*v].last == last) {
                let tail = sketch.heaviest_from(v, &weight) - weight(v);
                let end = limits.must_end(v, until(last));
                prop_assert!(end >= now.checked_sub(Duration::from_micros(1)).unwrap_or(now));
                assert_close(until(last) - end.min(until(last)), Duration::from_secs_f64(tail));
                assert_close(limits.share(v), Duration::from_secs_f64(weight(v)));
                // Nobody is starved: its share fits in front of what is behind it, and there is one.
                let share = limits.share(v);
                prop_assert!(now + share <= end + Duration::from_micros(1));
                let wants = !done[v] && declared(v) != Some(0.0);
                prop_assert!(!wants || b == 0.0 || share > Duration::ZERO);
            }
        }
    }

    /// R12.
    #[test]
    fn time_outs_are_refused_exactly_where_they_do_not_fit(sketch in sound_sketch(12)) {
        let plan = sketch.plan();
        let needed = needed(&sketch);
        let mut grace = needed.mul_f64(20.0 / 19.0).min(needed + Duration::from_millis(100));
        while usable(grace) >= needed && !grace.is_zero() {
            grace -= Duration::from_nanos(1);
        }
        while usable(grace) < needed {
            prop_assert!(check(&plan, grace).is_err());
            grace += Duration::from_nanos(1);
        }
        prop_assert_eq!(check(&plan, grace), Ok(()));
    }
}

/// The declared seconds of the longest path of each stage, one after the other.
fn needed(sketch: &Sketch) -> Duration {
    let seconds = |item: usize| sketch.items[item].timeout.unwrap_or_default().as_secs_f64();
    let needed = sketch.heaviest_of(false, &seconds) + sketch.heaviest_of(true, &seconds);
    // The time-outs of a sketch are whole milliseconds.
    Duration::from_millis(Duration::from_secs_f64(needed + 0.0005).as_millis().try_into().unwrap_or(0))
}

proptest! {
    #![proptest_config(cases(4))]

    #[test]
    fn limits_of_thousands_of_items_leave_everybody_a_share(
        sketch in sound_sketch(3000).prop_filter("many", |sketch| sketch.items.len() > 500),
    ) {
        let now = Instant::now();
        let until = now + Duration::from_secs(20);
        let limits = Limits::new(&sketch.plan(), now, |_| until, |_| false);
        for (v, item) in sketch.items.iter().enumerate() {
            prop_assert!(now + limits.share(v) <= limits.must_end(v, until) + Duration::from_micros(1));
            prop_assert!(limits.share(v) > Duration::ZERO || item.timeout == Some(Duration::ZERO));
        }
    }
}

#[test]
fn a_refused_plan_names_the_path_that_does_not_fit() {
    use crate::plan::{Class, Item, Plan, Why};
    let item = |name: &'static str, seconds, needs: Vec<(usize, Why)>| Item {
        name: name.into(),
        timeout: Some(Duration::from_secs(seconds)),
        needs,
        ..Item::default()
    };
    let items = vec![
        item("Orders", 20, vec![(1, Why::Instance)]),
        item("Database", 15, Vec::new()),
        item("Cache", 5, Vec::new()),
    ];
    let plan = Plan::new(items, &[Class::default()]);
    let refused = check(&plan, Duration::from_secs(30)).expect_err("35 s do not fit into 30 s");
    assert_eq!(
        refused.to_string(),
        "the time-outs `Orders` 20s, then `Database` 15s need 35s, but grace leaves 29s 900ms for teardown: raise \
         `grace` or lower a `timeout`"
    );
}

/// A time-out that says "for ever" is scaled like any other that does not fit.
#[test]
fn endless_time_outs_do_not_overflow() {
    use crate::plan::{Class, Item, Plan, Why};
    let items = (0..3).map(|at| Item {
        timeout: Some(Duration::MAX),
        needs: (at + 1..3).map(|other| (other, Why::Instance)).collect(),
        ..Item::default()
    });
    let plan = Plan::new(items.collect(), &[Class::default()]);
    let (now, grace) = (Instant::now(), Duration::from_secs(3));
    assert!(check(&plan, grace).is_err());
    let budget = Budget::new(now, grace, &plan.declared_path(false), &plan.declared_path(true));
    stages(&budget, now);
    let limits = Limits::new(&plan, now, |_| now + grace, |_| false);
    assert_close(limits.share(1), Duration::from_secs(1));
}
