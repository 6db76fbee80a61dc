//! Budgets and limits against the text of R10 and R12.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::parts::Parts;
use super::{Budget, LONGEST_FAST_STOP, Limits, check, usable};
use crate::plan::tests::cases;
use crate::plan::tests::model::{Sketch, sound_sketch};
use crate::plan::{Class, DeclaredPath, Item, Need, Plan, Why};
use crate::stage::{PerStage, TeardownStage};

fn path() -> impl Strategy<Value = DeclaredPath> {
    (any::<bool>(), 0..40_000_u64).prop_map(|(any, length)| DeclaredPath {
        any,
        length: Duration::from_millis(if any { length } else { 0 }),
        items: Vec::new(),
    })
}

fn paths() -> impl Strategy<Value = PerStage<DeclaredPath>> {
    (path(), path()).prop_map(|(cleanup, flush)| PerStage { cleanup, flush })
}

fn millis(range: std::ops::Range<u64>) -> impl Strategy<Value = Duration> {
    range.prop_map(Duration::from_millis)
}

#[track_caller]
fn assert_close(a: Duration, b: Duration) {
    assert!(a.abs_diff(b) <= Duration::from_micros(1), "{a:?} is not {b:?}");
}

/// Returns the time from the start of each stage to its end. Checks that no stage ends before it begins.
fn stages(budget: &Budget, start: Instant) -> [Duration; 4] {
    let ends = [start, budget.cut_until, budget.until.cleanup, budget.until.flush, budget.deadline];
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
    fn each_stage_keeps_its_reserve(grace in millis(0..40_000), paths in paths()) {
        let start = Instant::now();
        let budget = Budget::new(start, grace, &paths);
        let PerStage { cleanup, flush } = paths;
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

    /// R10: the rounded lengths add up, and each is the length of its stage.
    #[test]
    fn the_parts_of_a_stop_add_up_to_grace(
        grace in 10_000..40_000_000_u64,
        at_notice in millis(0..40_000),
        lame_duck in millis(0..40_000),
        paths in paths(),
    ) {
        let (start, grace) = (Instant::now(), Duration::from_micros(grace));
        let budget = Budget::new(start, grace, &paths);
        let parts = budget.parts(at_notice, lame_duck);
        let Parts { at_notice: hooks, lame_duck: announced, drain, cut, cleanup, flush, margin } = parts;
        let announced = hooks + announced;
        prop_assert_eq!(announced + drain + cut + cleanup + flush + margin, grace.as_millis());
        let [work, for_cleanup, for_flush, spare] = stages(&budget, start);
        for (part, length) in [
            (hooks, at_notice.min(budget.drain_until - start)),
            (announced, (at_notice + lame_duck).min(budget.drain_until - start)),
            (announced + drain + cut, work),
            (cut, budget.cut_until - budget.drain_until),
            (cleanup, for_cleanup),
            (flush, for_flush),
            (margin, spare),
        ] {
            prop_assert!(part.abs_diff(length.as_millis()) <= 1, "{parts:?}: {part} ms is not {length:?}");
        }
    }

    /// R12: time-outs that fitted before grace was lowered leave the drain its part of the time.
    #[test]
    fn a_lowered_grace_scales_the_time_outs_and_not_the_drain_alone(
        extra in millis(1..40_000),
        share in 0.01..1.0_f64,
        paths in paths(),
    ) {
        let needed = paths.cleanup.length + paths.flush.length;
        let own = needed + Duration::from_millis(100) + extra;
        let (start, grace) = (Instant::now(), own.mul_f64(share));
        let (before, after) = (Budget::new(start, own, &paths), Budget::lowered(start, grace, own, &paths));
        let [drain, ..] = stages(&after, start);
        if needed <= usable(grace) {
            prop_assert_eq!(after.cut_until, Budget::new(start, grace, &paths).cut_until);
        } else {
            // The margin is at most 100 ms before and after, so that it is the only part that may not scale.
            let [drain_before, ..] = stages(&before, start);
            prop_assert!(drain + Duration::from_millis(101) >= drain_before.mul_f64(share), "{drain:?}");
        }
    }

    /// R14.
    #[test]
    fn a_fast_stop_is_over_within_three_seconds_and_never_later_than_before(
        grace in millis(0..40_000),
        at in 0.0..1.2_f64,
        paths in paths(),
    ) {
        let start = Instant::now();
        let old = Budget::new(start, grace, &paths);
        let now = start + grace.mul_f64(at);
        let fast = old.fast(now, &paths);
        prop_assert_eq!(fast.deadline, now + LONGEST_FAST_STOP.min(old.deadline.saturating_duration_since(now)));
        prop_assert_eq!(fast.drain_until, now);
        prop_assert!(fast.cut_until <= now + Duration::from_millis(50));
        if now < old.until.flush {
            let [_, for_cleanup, for_flush, _] = stages(&fast, now);
            prop_assert!(fast.until.flush <= old.until.flush);
            prop_assert!(for_cleanup > Duration::ZERO || !paths.cleanup.any);
            prop_assert!(for_flush > Duration::ZERO || !paths.flush.any);
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
        let until = PerStage { cleanup: now + time, flush: now + time + flush_time };
        let limits = Limits::new(&sketch.plan(), now, &until, |item| done[item]);
        for stage in TeardownStage::ALL {
            let until = until[stage];
            let b = (until - now).as_secs_f64();
            let declared = |v: usize| sketch.items[v].timeout.map(|timeout| timeout.as_secs_f64());
            let open = |v: usize| if done[v] { 0.0 } else { 1.0 };
            let d = sketch.heaviest_of(stage, &|v| declared(v).unwrap_or(0.0) * open(v));
            let n = sketch.heaviest_of(stage, &|v| f64::from(u8::from(declared(v).is_none())) * open(v));
            let s = if n > 0.0 { ((b - d) / n).max(0.05 * b) } else { 0.0 };
            let unscaled = |v: usize| declared(v).unwrap_or(s) * open(v);
            let l = sketch.heaviest_of(stage, &unscaled);
            let scale = if l > 0.0 { (b / l).min(1.0) } else { 1.0 };
            let weight = |v: usize| unscaled(v) * scale;
            for v in (0..sketch.items.len()).filter(|v| sketch.items[*v].stage == stage) {
                let tail = sketch.heaviest_from(v, &weight) - weight(v);
                let end = limits.must_end(v, until);
                prop_assert!(end >= now.checked_sub(Duration::from_micros(1)).unwrap_or(now));
                assert_close(until - end.min(until), Duration::from_secs_f64(tail));
                assert_close(limits.share(v), Duration::from_secs_f64(weight(v)));
                // No teardown is starved: it has a share, which fits before the shares of those after it.
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

/// Returns the sum of the longest declared paths of both stages.
fn needed(sketch: &Sketch) -> Duration {
    let seconds = |item: usize| sketch.items[item].timeout.unwrap_or_default().as_secs_f64();
    let needed: f64 = TeardownStage::ALL.map(|stage| sketch.heaviest_of(stage, &seconds)).iter().sum();
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
        let limits = Limits::new(&sketch.plan(), now, &PerStage::from_fn(|_| until), |_| false);
        for (v, item) in sketch.items.iter().enumerate() {
            prop_assert!(now + limits.share(v) <= limits.must_end(v, until) + Duration::from_micros(1));
            prop_assert!(limits.share(v) > Duration::ZERO || item.timeout == Some(Duration::ZERO));
        }
    }
}

#[test]
fn a_refused_plan_names_the_path_that_does_not_fit() {
    let item = |name: &'static str, seconds, needs: Vec<Need>| Item {
        name: name.into(),
        timeout: Some(Duration::from_secs(seconds)),
        needs,
        ..Item::default()
    };
    let items = vec![
        item("Orders", 20, vec![Need { of: 1, why: Why::Instance }]),
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

/// R10: a time-out of the longest possible duration is scaled like any other that does not fit.
#[test]
fn endless_time_outs_do_not_overflow() {
    let items = (0..3).map(|at| Item {
        timeout: Some(Duration::MAX),
        needs: (at + 1..3).map(|of| Need { of, why: Why::Instance }).collect(),
        ..Item::default()
    });
    let plan = Plan::new(items.collect(), &[Class::default()]);
    let (now, grace) = (Instant::now(), Duration::from_secs(3));
    assert!(check(&plan, grace).is_err());
    let budget = Budget::new(now, grace, &plan.declared_paths());
    stages(&budget, now);
    let limits = Limits::new(&plan, now, &PerStage::from_fn(|_| now + grace), |_| false);
    assert_close(limits.share(1), Duration::from_secs(1));
}

/// R10, R14: work that is cut off gets a hundredth of grace, and at most 50 ms, to be dropped.
#[test]
fn the_time_for_dropping_work_is_a_hundredth_of_grace() {
    let (start, ms) = (Instant::now(), Duration::from_millis);
    let of = |grace| Budget::new(start, grace, &PerStage::default());
    assert_eq!(of(ms(1_000)).cut_until - of(ms(1_000)).drain_until, ms(10));
    assert_eq!(of(ms(60_000)).cut_until - of(ms(60_000)).drain_until, ms(50));
    let fast = of(ms(60_000)).fast(start + ms(59_000), &PerStage::default());
    assert_eq!(fast.cut_until, start + ms(59_010));
}

/// R6, R9: the last chance is half of the margin, and there is none once that is over.
#[test]
fn the_last_chance_is_half_of_the_margin() {
    let (start, ms) = (Instant::now(), Duration::from_millis);
    let budget = Budget::new(start, ms(10_000), &PerStage::default());
    assert_eq!(budget.until.flush, start + ms(9_900));
    let extended = budget.into_margin(start + ms(9_949)).expect("there is time left");
    assert_eq!(extended.until.flush, start + ms(9_950));
    assert_eq!(extended.deadline, budget.deadline);
    assert_eq!(budget.into_margin(start + ms(9_950)), None);
}
