//! Assertions on a tally, on a report and on the plan. Their text says what is wrong, with all that is known.

use std::time::Duration;

use super::account::Account;
use super::outcome::Outcome;
use super::tally::Tally;
use crate::plan::{Format, Plan, render};
use crate::resource::declared;

/// Requires that a [`Tally`](crate::testing::Tally) has this number of lost requests, and at least one request.
///
/// Requests with an outcome of `except` are not counted, such as those of clients that came after the stop.
///
/// ```
/// use lifecycle::testing::{Outcome, Tally};
///
/// let tally: Tally = [Outcome::Answered, Outcome::Refused].into_iter().collect();
/// lifecycle::assert_lost!(tally, 0, except = [Outcome::Refused]);
/// ```
///
/// # Panics
///
/// If another number was lost. The message has the count of each outcome, and examples of what was lost.
#[macro_export]
macro_rules! assert_lost {
    ($tally:expr, $count:expr $(,)?) => {
        $crate::testing::__assert_lost(&$tally, $count, &[])
    };
    ($tally:expr, $count:expr, except = $except:expr $(,)?) => {
        $crate::testing::__assert_lost(&$tally, $count, &$except)
    };
}

#[doc(hidden)]
#[track_caller]
pub fn __assert_lost(tally: &Tally, count: usize, except: &[Outcome]) {
    assert!(tally.requests() > 0, "no request was sent, so that nothing could be lost");
    let lost = tally.lost_except(except);
    let were = if lost == 1 { "request was" } else { "requests were" };
    assert!(lost == count, "{lost} {were} lost, not {count}: {tally}{}", tally.losses(except));
}

/// Requires that a report is clean: its exit status is 0.
///
/// It takes a [`Report`](crate::Report) or a [`ServiceReport`](crate::testing::ServiceReport).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let report = lifecycle::Lifecycle::builder().run(async {}).await;
/// lifecycle::assert_clean!(report);
/// # }
/// ```
///
/// # Panics
///
/// If the status is not 0. The message is the waterfall.
#[macro_export]
macro_rules! assert_clean {
    ($report:expr $(,)?) => {
        $crate::testing::__assert_clean(&$report)
    };
}

#[doc(hidden)]
#[track_caller]
pub fn __assert_clean(report: &impl Account) {
    assert!(report.__status() == 0, "the stop was not clean, exit status {}\n{report}", report.__status());
}

/// Requires that instances were torn down, each after the one before it in the list, because the plan says so.
///
/// A teardown that ended before another one began did so perhaps by chance. This assertion follows the
/// [edges](crate::Report::edges) of the plan: for each name and the next one, each instance of the first name has a way of
/// edges to each instance of the second one. Instances that are not in the list do not matter.
///
/// It takes a [`Report`](crate::Report) or a [`ServiceReport`](crate::testing::ServiceReport).
///
/// ```
/// use lifecycle::{Managed, Teardown};
///
/// #[lifecycle::resource]
/// struct Journal;
///
/// #[lifecycle::resource]
/// struct Counter {
///     journal: Managed<Journal>,
/// }
///
/// # macro_rules! nothing { ($($name:ident)*) => { $(
/// #[lifecycle::teardown]
/// impl Teardown for $name {
///     async fn teardown(&self) {}
/// }
/// # )* } }
/// # nothing!(Journal Counter);
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let report = lifecycle::Lifecycle::builder()
///     .run(async {
///         let journal = lifecycle::manage(Journal);
///         lifecycle::manage(Counter { journal });
///     })
///     .await;
/// lifecycle::assert_torn_down!(report, ["Counter", "Journal"]);
/// # }
/// ```
///
/// # Panics
///
/// If the report has no instance of a name, if a teardown did not run, or if no edge orders two of them. The message has
/// the waterfall.
#[macro_export]
macro_rules! assert_torn_down {
    ($report:expr, [$($name:expr),+ $(,)?] $(,)?) => {
        $crate::testing::__assert_torn_down(&$report, &[$(::core::convert::AsRef::<str>::as_ref(&$name)),+])
    };
}

#[doc(hidden)]
#[track_caller]
pub fn __assert_torn_down(report: &impl Account, names: &[&str]) {
    if let Err(why) = torn_down(report, names) {
        panic!("{why}\n{report}");
    }
}

fn torn_down(report: &impl Account, names: &[&str]) -> Result<(), String> {
    let all = report.__teardowns();
    let mut groups = Vec::new();
    for name in names {
        let members: Vec<usize> = (0..all.len()).filter(|at| all[*at].name == *name).collect();
        if members.is_empty() {
            let known: Vec<&str> = all.iter().map(|one| one.name).collect();
            return Err(format!("the report has no instance `{name}`; it has {known:?}"));
        }
        if members.iter().any(|at| all[*at].times.is_none()) {
            return Err(format!("the teardown of `{name}` did not run"));
        }
        groups.push((*name, members));
    }
    for pair in groups.windows(2) {
        let [(first, firsts), (then, thens)] = pair else { continue };
        for from in firsts {
            let after = reachable(report, *from, all.len());
            for to in thens {
                if !after[*to] {
                    return Err(unordered(first, then, all[*from].times, all[*to].times));
                }
                let ((_, end), (start, _)) =
                    (all[*from].times.unwrap_or_default(), all[*to].times.unwrap_or_default());
                if start < end {
                    return Err(format!(
                        "`{then}` began at {start:?}, before `{first}` had ended at {end:?}"
                    ));
                }
            }
        }
    }
    Ok(())
}

type Times = Option<(Duration, Duration)>;

fn unordered(first: &str, then: &str, from: Times, to: Times) -> String {
    let by_chance = match (from, to) {
        (Some((_, end)), Some((start, _))) if end <= start => "; this time it came first by chance",
        _ => "",
    };
    format!(
        "no edge of the plan says that `{first}` is torn down before `{then}`{by_chance}; declare it by a field, by \
         `depends_on` or by `order`"
    )
}

/// Returns which instances come after `from` by the edges.
fn reachable(report: &impl Account, from: usize, count: usize) -> Vec<bool> {
    let mut after = vec![false; count];
    let mut next = vec![from];
    while let Some(one) = next.pop() {
        for edge in report.__edges().iter().filter(|edge| edge.first.contains(&one)) {
            for then in &edge.then {
                if after.get(*then) == Some(&false) {
                    after[*then] = true;
                    next.push(*then);
                }
            }
        }
    }
    after
}

/// Requires an order of the plan of all resources in the linked program: `assert_plan!("Orders before Database")`.
///
/// Nothing has to run for that. The plan is the one that `LIFECYCLE_PLAN=tree` prints. The way from the first name to the
/// second one may lead over other resources. If several types of the program have a name, the order holds for each of them.
///
/// ```standalone_crate
/// use lifecycle::{Managed, Teardown};
///
/// #[lifecycle::resource(order = 2)]
/// struct Database;
///
/// #[lifecycle::resource]
/// struct Orders {
///     db: Managed<Database>,
/// }
///
/// # macro_rules! nothing { ($($name:ident)*) => { $(
/// #[lifecycle::teardown]
/// impl Teardown for $name {
///     async fn teardown(&self) {}
/// }
/// # )* } }
/// # nothing!(Database Orders);
/// lifecycle::assert_plan!("Orders before Database");
/// ```
///
/// # Panics
///
/// If a name is not declared, or if the plan does not order them so. The message has the plan.
#[macro_export]
macro_rules! assert_plan {
    ($($order:expr),+ $(,)?) => {
        $( $crate::testing::__assert_plan($order); )+
    };
}

#[doc(hidden)]
#[track_caller]
pub fn __assert_plan(order: &str) {
    let plan = declared::plan();
    if let Err(why) = planned(&plan, order) {
        panic!("{why}\n{}", render(&plan, &declared::generic(), Format::Tree));
    }
}

fn planned(plan: &Plan, order: &str) -> Result<(), String> {
    let Some((first, then)) = order.split_once(" before ").map(|(first, then)| (first.trim(), then.trim()))
    else {
        return Err(format!("`{order}` is not an order; write `\"Orders before Database\"`"));
    };
    let find = |name: &str| {
        let found: Vec<usize> = (0..plan.items().len()).filter(|at| plan.items()[*at].name == name).collect();
        if found.is_empty() { Err(format!("the plan has no resource `{name}`")) } else { Ok(found) }
    };
    let (firsts, thens) = (find(first)?, find(then)?);
    for from in firsts {
        let (mut after, mut next) = (vec![false; plan.nodes()], vec![from]);
        while let Some(node) = next.pop() {
            for then in plan.successors(node) {
                if !std::mem::replace(&mut after[then], true) {
                    next.push(then);
                }
            }
        }
        if thens.iter().any(|to| !after[*to]) {
            return Err(format!("the plan does not say that `{first}` is torn down before `{then}`"));
        }
    }
    Ok(())
}
