//! The declared resources of the linked program, as a plan.
//!
//! The process checks it before `main` runs, and prints it for `LIFECYCLE_PLAN`.

use std::any::TypeId;
use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Duration;

use super::declaration::Declaration;
use super::needs::Needs;
use super::registered::{Generic, Registered};
use crate::plan::{Class, Item, Need, Plan};
use crate::sequence::validate;
use crate::sort::sorted;
use crate::stage::TeardownStage;

/// Returns the plan of every declared type, whichever crate of the program declares it.
pub(crate) fn plan() -> Plan {
    plan_of(&|_| true)
}

/// Lists the generic resources, which the plan cannot show: only `manage` decides which types they become.
pub(crate) fn generic() -> Vec<String> {
    let mut generic: Vec<String> = inventory::iter::<Generic>().map(ToString::to_string).collect();
    generic.sort();
    generic
}

/// Checks that the declared types can be torn down at all (R5), and that the time-outs of the binary's own crate fit
/// into `grace` (R12).
pub(crate) fn check(module: &str, grace: Duration) -> Result<(), String> {
    let own = crate_of(module);
    validate(&plan_of(&|declaration| crate_of(declaration.module) == own), grace)
}

fn crate_of(module: &str) -> &str {
    module.split("::").next().unwrap_or(module)
}

/// Returns the plan. An item has a time-out only if `timed` selects its type.
fn plan_of(timed: &dyn Fn(&Declaration) -> bool) -> Plan {
    let mut declarations: Vec<&'static Declaration> =
        inventory::iter::<Registered>().map(Registered::declaration).collect();
    // The linker decides the order of registration, so it means nothing.
    let key = |at: usize| {
        let declaration: &Declaration = declarations[at];
        (declaration.name, declaration.module, declaration.location.line())
    };
    let sorted = sorted(declarations.len(), &|a, b| key(a).cmp(&key(b)));
    declarations = sorted.into_iter().map(|at| declarations[at]).collect();
    let mut class_of: HashMap<TypeId, usize> = HashMap::new();
    for (class, declaration) in declarations.iter().enumerate() {
        class_of.insert((declaration.type_id)(), class);
    }
    let (mut items, mut classes) = (Vec::new(), Vec::new());
    let mut class = 0;
    // A type that no entry names follows the registered ones: it is an instance of a generic type.
    while let Some(declaration) = declarations.get(class).copied() {
        let mut edges = Vec::new();
        for need in Needs::of(declaration).iter() {
            let other = *class_of.entry(need.type_id).or_insert_with(|| {
                declarations.push(need.declaration);
                declarations.len() - 1
            });
            edges.push(Need { of: other, why: need.reason.into() });
        }
        classes.push(Class { needs: edges });
        items.push(Item {
            name: Cow::Borrowed(declaration.name),
            class,
            order: declaration.order,
            at_notice: declaration.at_notice,
            timeout: declaration.timeout.filter(|_| timed(declaration)),
            stage: TeardownStage::of(declaration.last),
            ..Item::default()
        });
        class += 1;
    }
    Plan::new(items, &classes)
}
