//! Random plans, and a slow and obvious model of the rules for them.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::plan::{Class, Item, Need, Plan, Why};
use crate::stage::TeardownStage;

/// The items and classes of a plan.
#[derive(Clone, Debug)]
pub(crate) struct Sketch {
    pub(crate) items: Vec<Item>,
    pub(crate) classes: Vec<Class>,
}

impl Sketch {
    pub(crate) fn plan(&self) -> Plan {
        Plan::new(self.items.clone(), &self.classes)
    }

    /// Returns the reasons why `a` directly precedes `b`, by R1, R2 and the rule of `last`.
    pub(crate) fn reasons(&self, a: usize, b: usize) -> Vec<Why> {
        let (from, to) = (&self.items[a], &self.items[b]);
        if from.detached || to.detached {
            return Vec::new();
        }
        let mut reasons = Vec::new();
        if from.class != to.class {
            let needs = self.classes[from.class].needs.iter();
            reasons.extend(needs.filter(|need| need.of == to.class).map(|need| need.why));
        }
        let own = from.needs.iter().filter(|need| need.of == b);
        reasons.extend(own.map(|need| need.why));
        if let (Some(m), Some(n)) = (from.order, to.order)
            && m < n
        {
            reasons.push(Why::Order(m));
        }
        if from.stage < to.stage {
            reasons.push(Why::Last);
        }
        reasons
    }

    /// Returns for all pairs whether `a` directly precedes `b`.
    pub(crate) fn direct(&self) -> Vec<Vec<bool>> {
        let n = self.items.len();
        (0..n).map(|a| (0..n).map(|b| !self.reasons(a, b).is_empty()).collect()).collect()
    }

    /// Returns for all pairs whether `a` precedes `b`, by Warshall's closure.
    pub(crate) fn precedes(&self) -> Vec<Vec<bool>> {
        let mut before = self.direct();
        let n = before.len();
        for via in 0..n {
            for a in 0..n {
                for b in 0..n {
                    before[a][b] |= before[a][via] && before[via][b];
                }
            }
        }
        before
    }

    pub(crate) fn is_cyclic(&self) -> bool {
        let before = self.precedes();
        (0..before.len()).any(|item| before[item][item])
    }

    /// Returns the heaviest path that starts with `item` and stays in its stage. The function tries all paths.
    pub(crate) fn heaviest_from(&self, item: usize, weight: &dyn Fn(usize) -> f64) -> f64 {
        let mut known = vec![None; self.items.len()];
        self.heaviest(&self.direct(), item, weight, &mut known)
    }

    fn heaviest(
        &self,
        direct: &[Vec<bool>],
        item: usize,
        weight: &dyn Fn(usize) -> f64,
        known: &mut [Option<f64>],
    ) -> f64 {
        if let Some(known) = known[item] {
            return known;
        }
        let behind = (0..direct.len())
            .filter(|next| direct[item][*next] && self.items[*next].stage == self.items[item].stage)
            .map(|next| self.heaviest(direct, next, weight, known))
            .fold(0.0, f64::max);
        known[item] = Some(weight(item) + behind);
        weight(item) + behind
    }

    /// Returns the heaviest path of one stage.
    pub(crate) fn heaviest_of(&self, stage: TeardownStage, weight: &dyn Fn(usize) -> f64) -> f64 {
        let direct = self.direct();
        let mut known = vec![None; self.items.len()];
        (0..self.items.len())
            .filter(|item| self.items[*item].stage == stage)
            .map(|item| self.heaviest(&direct, item, weight, &mut known))
            .fold(0.0, f64::max)
    }

    /// Returns the same items, registered in another order.
    pub(crate) fn shuffled(&self, keys: &[u64]) -> Sketch {
        let n = self.items.len();
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by_key(|item| keys[item % keys.len()].rotate_left(u32::try_from(*item % 64).unwrap_or(0)));
        let mut place = vec![0; n];
        for (at, item) in order.iter().enumerate() {
            place[*item] = at;
        }
        let mut items: Vec<Item> = order.iter().map(|item| self.items[*item].clone()).collect();
        for need in items.iter_mut().flat_map(|item| &mut item.needs) {
            need.of = place[need.of];
        }
        Sketch { items, classes: self.classes.clone() }
    }
}

fn any_item(items: usize, classes: usize) -> impl Strategy<Value = Item> {
    (
        0..classes,
        prop::option::weighted(0.4, 0..4_i32),
        // The attribute refuses a time-out of zero, and `Deferred` raises it to 1 ms.
        prop::option::weighted(0.5, 1..4_000_u64),
        prop::bool::weighted(0.2),
        vec(0..items, 0..3),
        prop::bool::weighted(0.05),
    )
        .prop_map(|(class, order, timeout, last, needs, detached)| Item {
            name: "".into(),
            class,
            order,
            timeout: timeout.map(Duration::from_millis),
            at_notice: None,
            stage: TeardownStage::of(last),
            needs: needs.into_iter().map(|of| Need { of, why: Why::Instance }).collect(),
            detached,
        })
}

/// Generates plans of at most `most` items, with and without cycles.
pub(crate) fn any_sketch(most: usize) -> impl Strategy<Value = Sketch> {
    (1..=most, 1..=5_usize).prop_flat_map(|(items, classes)| {
        let need = (0..classes, any::<bool>()).prop_map(|(of, field)| {
            let why = if field { Why::Field("f") } else { Why::DependsOn };
            Need { of, why }
        });
        (vec(any_item(items, classes), 0..=items), vec(vec(need, 0..3), classes)).prop_map(
            |(mut items, classes)| {
                let count = items.len();
                for (at, item) in items.iter_mut().enumerate() {
                    item.name = format!("i{at}").into();
                    item.needs.retain(|need| need.of < count);
                }
                let classes = classes.into_iter().map(|needs| Class { needs });
                Sketch { items, classes: classes.collect() }
            },
        )
    })
}

/// Generates plans of at most `most` items without cycles, registered in any order.
pub(crate) fn sound_sketch(most: usize) -> impl Strategy<Value = Sketch> {
    let keys = vec(any::<u64>(), most.max(1));
    (any_sketch(most), 0..7_usize, keys).prop_map(|(mut sketch, first_last, keys)| {
        for (at, class) in sketch.classes.iter_mut().enumerate() {
            class.needs.retain(|need| need.of > at);
        }
        sketch.items.sort_by_key(|item| item.class);
        for (at, item) in sketch.items.iter_mut().enumerate() {
            item.name = format!("i{at}").into();
            item.order = item.order.and(i32::try_from(item.class / 2).ok());
            item.stage = TeardownStage::of(item.class >= first_last);
            item.needs.retain(|need| need.of > at);
        }
        sketch.shuffled(&keys)
    })
}
