//! Tests of the plan against a slow and obvious model of its rules.

pub(crate) mod model;

use std::time::Duration;

use proptest::prelude::*;

use self::model::{Sketch, any_sketch, sound_sketch};
use super::{Class, Format, Item, Need, Plan, Why, render};
use crate::stage::TeardownStage;

/// Returns the number of random cases for a claim. `LIFECYCLE_SOAK=n` multiplies it by `n`, and by at least 5.
///
/// `LIFECYCLE_QUICK=1` divides it by 10, and does not shrink a failed case. The mutation tests use it, because
/// they repeat the run for each mutation.
pub(crate) fn cases(usual: u32) -> ProptestConfig {
    let times = std::env::var("LIFECYCLE_SOAK").map_or(1, |n| n.parse::<u32>().unwrap_or(1).max(5));
    let usual = if is_quick() { usual.div_ceil(10) } else { usual };
    ProptestConfig {
        failure_persistence: None,
        max_shrink_iters: if is_quick() { 0 } else { 1_000 },
        ..ProptestConfig::with_cases(usual * times)
    }
}

/// Returns whether the tests run with fewer random cases.
pub(crate) fn is_quick() -> bool {
    std::env::var_os("LIFECYCLE_QUICK").is_some()
}

/// Returns for each item whether it can be reached from `item`.
fn reached(plan: &Plan, item: usize) -> Vec<bool> {
    let mut seen = vec![false; plan.nodes()];
    let mut open = vec![item];
    while let Some(node) = open.pop() {
        for next in plan.successors(node) {
            if !std::mem::replace(&mut seen[next], true) {
                open.push(next);
            }
        }
    }
    seen.truncate(plan.items().len());
    seen
}

fn relation(plan: &Plan) -> Vec<Vec<bool>> {
    (0..plan.items().len()).map(|item| reached(plan, item)).collect()
}

fn is_sorted(plan: &Plan) -> bool {
    plan.topological().len() == plan.nodes()
}

proptest! {
    #![proptest_config(cases(1500))]

    /// R1, R2.
    #[test]
    fn an_item_precedes_what_the_rules_say_and_nothing_else(sketch in any_sketch(12)) {
        prop_assert_eq!(relation(&sketch.plan()), sketch.precedes());
    }

    /// The groups are what a report lists. They need no more space than the declarations.
    #[test]
    fn the_groups_of_edges_say_the_same(sketch in any_sketch(12)) {
        let plan = sketch.plan();
        let count = plan.items().len();
        let mut edges: Vec<Vec<usize>> = vec![Vec::new(); count];
        for group in plan.groups() {
            for first in group.first {
                edges[first].extend(&group.then);
            }
        }
        let reached: Vec<Vec<bool>> = (0..count).map(|item| {
            let (mut seen, mut open) = (vec![false; count], vec![item]);
            while let Some(at) = open.pop() {
                for next in &edges[at] {
                    if !std::mem::replace(&mut seen[*next], true) {
                        open.push(*next);
                    }
                }
            }
            seen
        }).collect();
        prop_assert_eq!(reached, sketch.precedes());
    }

    #[test]
    fn the_same_holds_for_plans_that_can_be_carried_out(sketch in sound_sketch(12)) {
        prop_assert!(!sketch.is_cyclic());
        prop_assert_eq!(relation(&sketch.plan()), sketch.precedes());
    }

    /// R5.
    #[test]
    fn the_order_is_complete_exactly_where_nothing_waits_for_itself(sketch in any_sketch(12)) {
        let plan = sketch.plan();
        prop_assert_eq!(is_sorted(&plan), !sketch.is_cyclic());
        let mut place = vec![None; plan.nodes()];
        for (at, node) in plan.topological().iter().enumerate() {
            prop_assert_eq!(place[*node].replace(at), None);
        }
        for node in plan.topological() {
            for next in plan.successors(*node) {
                prop_assert!(place[next].is_none_or(|next| place[*node] < Some(next)));
            }
        }
    }

    /// R5.
    #[test]
    fn a_cycle_is_told_step_by_step_with_reasons_that_hold(sketch in any_sketch(12)) {
        let cycle = sketch.plan().cycle();
        prop_assert_eq!(cycle.is_some(), sketch.is_cyclic());
        assert_real(&sketch, cycle.iter());
    }

    #[test]
    fn breaking_cycles_leaves_a_plan_that_can_be_carried_out(sketch in any_sketch(12)) {
        let mut plan = sketch.plan();
        let broken = plan.break_cycles();
        prop_assert!(is_sorted(&plan));
        prop_assert_eq!(broken.is_empty(), !sketch.is_cyclic());
        assert_real(&sketch, broken.iter());
        let (before, after) = (sketch.precedes(), relation(&plan));
        for a in 0..after.len() {
            for b in 0..after.len() {
                prop_assert!(before[a][b] || !after[a][b]);
                let crosses = sketch.items[a].stage > sketch.items[b].stage;
                prop_assert!(!crosses || !after[a][b], "last stays last");
                // A rule can be lost only between items on a cycle, or if its path leads through a cycle.
                let safe = (0..after.len()).all(|via| {
                    !before[via][via] || !(via == a || before[a][via]) || !(via == b || before[via][b])
                });
                prop_assert!(!safe || before[a][b] == after[a][b]);
            }
        }
    }

    /// R4.
    #[test]
    fn a_printed_plan_does_not_depend_on_the_order_of_registration(
        sketch in any_sketch(12),
        keys in prop::collection::vec(any::<u64>(), 12),
    ) {
        let (one, other) = (sketch.plan(), sketch.shuffled(&keys).plan());
        for format in [Format::Tree, Format::Dot, Format::Mermaid, Format::Json] {
            prop_assert_eq!(render(&one, &[], format), render(&other, &[], format));
        }
    }

    #[test]
    fn the_items_directly_behind_one_are_those_with_a_reason(sketch in any_sketch(12)) {
        let plan = sketch.plan();
        let before = sketch.precedes();
        for a in 0..sketch.items.len() {
            let found = plan.item_successors(a);
            for (b, why) in &found {
                // An order that follows from items in between is not listed.
                let reasons = sketch.reasons(a, *b);
                prop_assert!(reasons.contains(why), "{a} {b} {why:?}");
                prop_assert!(reasons.iter().all(|other| why <= other || matches!(other, Why::Order(_))));
            }
            // The steps that are not listed follow from the listed steps.
            for (b, expected) in before[a].iter().enumerate() {
                let told = found.iter().any(|(next, _)| *next == b || before[*next][b]);
                prop_assert_eq!(told, *expected);
            }
        }
    }

    /// R10, R12.
    #[test]
    fn the_declared_path_is_the_longest_there_is(sketch in sound_sketch(12)) {
        let plan = sketch.plan();
        let seconds = |item: usize| sketch.items[item].timeout.unwrap_or_default().as_secs_f64();
        let before = sketch.precedes();
        for stage in TeardownStage::ALL {
            let path = &plan.declared_paths()[stage];
            prop_assert_eq!(path.any, sketch.items.iter().any(|item| item.stage == stage));
            let longest = Duration::from_secs_f64(sketch.heaviest_of(stage, &seconds));
            prop_assert_eq!(path.length.as_millis(), (longest + Duration::from_micros(500)).as_millis());
            let sum: Duration = path.items.iter().filter_map(|item| sketch.items[*item].timeout).sum();
            prop_assert_eq!(path.length, sum);
            prop_assert!(path.items.iter().all(|item| sketch.items[*item].stage == stage));
            prop_assert!(path.items.windows(2).all(|pair| before[pair[0]][pair[1]]));
        }
    }
}

proptest! {
    #![proptest_config(cases(4))]

    #[test]
    fn thousands_of_items_keep_every_rule_in_a_graph_of_linear_size(
        sketch in sound_sketch(3000).prop_filter("many", |sketch| sketch.items.len() > 500),
    ) {
        let plan = sketch.plan();
        prop_assert!(is_sorted(&plan));
        let mut place = vec![0; plan.nodes()];
        for (at, node) in plan.topological().iter().enumerate() {
            place[*node] = at;
        }
        let told: usize = sketch.items.iter().map(|item| item.needs.len() + sketch.classes[item.class].needs.len()).sum();
        prop_assert!(plan.edges.len() <= told + 4 * sketch.items.len());
        for a in 0..sketch.items.len() {
            for b in (0..sketch.items.len()).step_by(7) {
                prop_assert!(sketch.reasons(a, b).is_empty() || place[a] < place[b]);
            }
        }
    }
}

/// Checks that each step precedes the next for the given reason.
#[track_caller]
fn assert_real<'a>(sketch: &Sketch, cycles: impl Iterator<Item = &'a super::Cycle>) {
    for cycle in cycles {
        let steps = &cycle.steps;
        let find = |name: &str| sketch.items.iter().position(|item| item.name == name);
        assert!(!steps.is_empty());
        for (at, step) in steps.iter().enumerate() {
            let (name, next) = (&step.name, &steps[(at + 1) % steps.len()].name);
            let (Some(a), Some(b)) = (find(name), find(next)) else {
                panic!("no such item: {name} or {next}")
            };
            assert!(sketch.reasons(a, b).contains(&step.why), "{name} before {next}: {}", step.why);
        }
    }
}

fn item(name: &'static str, class: usize) -> Item {
    Item { name: name.into(), class, ..Item::default() }
}

/// R5: ten thousand instances of two types that need each other are described and broken once.
#[test]
fn a_cycle_of_two_types_is_told_once_however_many_instances_there_are() {
    let needs = |class, field| Class { needs: vec![Need { of: class, why: Why::Field(field) }] };
    let items = (0..10_000).map(|at| item(["A", "B"][at % 2], at % 2));
    let mut plan = Plan::new(items.collect(), &[needs(1, "b"), needs(0, "a")]);
    let broken = plan.break_cycles();
    assert!(is_sorted(&plan));
    let told: Vec<String> = broken.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["`A` before (field `b`) `B` before (field `a`) `A`"]);
}

#[test]
fn many_separate_cycles_are_broken_in_few_rounds() {
    let items = (0..10_000).map(|at: usize| Item {
        name: format!("i{at}").into(),
        needs: vec![Need { of: at ^ 1, why: Why::Instance }],
        ..Item::default()
    });
    let mut plan = Plan::new(items.collect(), &[Class::default()]);
    assert_eq!(plan.break_cycles().len(), 5_000);
    assert!(is_sorted(&plan));
}

/// A rule that orders no item adds no node.
#[test]
fn there_is_a_virtual_node_only_where_two_groups_meet() {
    let of = |orders: [Option<i32>; 2], stages: [TeardownStage; 2]| {
        let items = orders.into_iter().zip(stages);
        let items = items.map(|(order, stage)| Item { order, stage, ..Item::default() });
        Plan::new(items.collect(), &[Class::default()]).nodes()
    };
    let [cleanup, flush] = TeardownStage::ALL;
    assert_eq!(of([None, None], [cleanup, cleanup]), 2);
    assert_eq!(of([None, None], [flush, flush]), 2);
    assert_eq!(of([None, None], [cleanup, flush]), 3);
    assert_eq!(of([Some(1), Some(1)], [cleanup, cleanup]), 2);
    assert_eq!(of([Some(1), Some(2)], [cleanup, cleanup]), 3);
}

/// R5: the plan gives up reasons in this order: between two instances, by an order, by `last`, between two types.
#[test]
fn a_broken_cycle_loses_its_weakest_reason() {
    let mut items = vec![item("A", 0), item("B", 1)];
    items[1].needs = vec![Need { of: 0, why: Why::Instance }];
    let class = Class { needs: vec![Need { of: 1, why: Why::DependsOn }] };
    let mut plan = Plan::new(items, &[class, Class::default()]);
    plan.break_cycles();
    assert!(reached(&plan, 0)[1] && !reached(&plan, 1)[0]);
}

fn printed() -> Plan {
    let mut items =
        vec![item("Database", 1), item("Orders \"eu\"", 0), item("Telemetry", 2), item("Cache<String>", 3)];
    items[0].order = Some(2);
    items[0].timeout = Some(Duration::from_millis(5_500));
    items[1].order = Some(1);
    items[1].at_notice = Some("deregister");
    items[2].stage = TeardownStage::Flush;
    let mut classes = vec![Class::default(); 4];
    classes[0].needs = vec![Need { of: 1, why: Why::Field("db") }, Need { of: 2, why: Why::DependsOn }];
    Plan::new(items, &classes)
}

#[test]
fn each_format_has_a_name() {
    let formats = ["tree", "dot", "mermaid", "json", "svg"].map(Format::from_name);
    let known = [Format::Tree, Format::Dot, Format::Mermaid, Format::Json];
    assert_eq!(formats[..4], known.map(Some));
    assert_eq!(formats[4], None);
}

/// R25: both directions, from one graph.
#[test]
fn a_plan_is_printed_as_a_tree() {
    assert_eq!(
        render(&printed(), &[], Format::Tree),
        "\
teardown plan: 4 declared resources
Orders \"eu\"  order 1  at notice deregister
  ├─ before Database: field `db`
  └─ before Telemetry: `depends_on`
Database  order 2  timeout 5s 500ms
  └─ before Telemetry: `last` comes after the others
Cache<String>
  └─ before Telemetry: `last` comes after the others
Telemetry  last
stop order:
  1. Orders \"eu\", Cache<String>
  2. Database
  3. Telemetry
start order:
  1. Telemetry
  2. Database, Cache<String>
  3. Orders \"eu\"
"
    );
}

#[test]
fn a_plan_is_printed_for_graphviz() {
    assert_eq!(
        render(&printed(), &[], Format::Dot),
        r#"digraph teardown {
  n0 [label="Orders \"eu\""];
  n1 [label="Database"];
  n2 [label="Cache<String>"];
  n3 [label="Telemetry"];
  n0 -> n1 [label="field `db`"];
  n0 -> n3 [label="`depends_on`"];
  n1 -> n3 [label="`last` comes after the others"];
  n2 -> n3 [label="`last` comes after the others"];
}
"#
    );
}

#[test]
fn a_plan_is_printed_for_mermaid() {
    assert_eq!(
        render(&printed(), &[], Format::Mermaid),
        r#"graph TD
  n0["Orders #quot;eu#quot;"]
  n1["Database"]
  n2["Cache#lt;String#gt;"]
  n3["Telemetry"]
  n0 -->|"field db"| n1
  n0 -->|"depends_on"| n3
  n1 -->|"last comes after the others"| n3
  n2 -->|"last comes after the others"| n3
"#
    );
}

#[test]
fn a_plan_is_printed_as_json() {
    let text = render(&printed(), &[], Format::Json);
    let json: serde_json::Value = serde_json::from_str(&text).expect("valid JSON");
    assert_eq!(json.as_array().map(Vec::len), Some(4));
    assert_eq!(
        json[0],
        serde_json::json!({
            "name": "Orders \"eu\"",
            "order": 1,
            "timeout_ms": null,
            "at_notice": "deregister",
            "last": false,
            "stop_step": 1,
            "start_step": 3,
            "before": [
                {"name": "Database", "why": "field `db`"},
                {"name": "Telemetry", "why": "`depends_on`"},
            ],
        })
    );
    assert_eq!(json[1]["timeout_ms"], 5_500);
    assert_eq!(json[3]["last"], true);
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn json_is_valid_for_every_name(name in any::<String>()) {
        let items = vec![Item { name: name.clone().into(), ..Item::default() }];
        let text = render(&Plan::new(items, &[Class::default()]), &[], Format::Json);
        let json: serde_json::Value = serde_json::from_str(&text).expect("valid JSON");
        prop_assert_eq!(&json[0]["name"], &serde_json::Value::String(name));
    }
}

/// Resources that only the running program has are listed after the plan. Every format stays valid.
#[test]
fn what_the_plan_cannot_see_is_named_in_every_form() {
    let generic = ["Cache (shop, src/cache.rs:7)".to_owned()];
    for format in [Format::Tree, Format::Dot, Format::Mermaid, Format::Json] {
        let text = render(&printed(), &generic, format);
        assert!(text.contains(&generic[0]), "{text}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&render(&printed(), &generic, Format::Json)).expect("JSON");
    let rows = json.as_array().expect("rows");
    assert!(rows.iter().any(|row| row["name"] == *generic[0] && row["generic"] == true), "{json}");
}
