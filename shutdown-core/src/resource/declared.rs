//! The declared resources of the linked program, as a plan: checked before `main` runs, printed by `LIFECYCLE_PLAN`.

use std::any::TypeId;
use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Duration;

use crate::plan::{Class, Item, Need, Plan, Unseen};
use crate::resource::{Declaration, Generic, Mark, Needs, Registered, marks};
use crate::sequence::validate;
use crate::sort::sorted;
use crate::stage::TeardownStage;

/// One item a declared type, whichever crate of the program declares it.
pub(crate) fn plan() -> Plan {
    plan_of(&|_| true)
}

/// What the plan does not show: generic resources, of which only `manage` tells which types they become, and those that
/// nothing in the file of this `program` manages.
pub(crate) fn unseen(program: &[u8]) -> Unseen {
    let generic = inventory::iter::<Generic>().map(ToString::to_string);
    let managed = marks(program);
    let registered = inventory::iter::<Registered>().map(Registered::declaration);
    let unmanaged = registered.filter(|declaration| {
        managed.as_ref().is_some_and(|managed| !managed.contains(&Mark::of(declaration)))
    });
    let mut unseen =
        Unseen { generic: generic.collect(), unmanaged: unmanaged.map(ToString::to_string).collect() };
    unseen.generic.sort();
    unseen.unmanaged.sort();
    unseen
}

/// Whether the declared types can be torn down at all (R5), and those of the binary's own crate within `grace` (R12).
pub(crate) fn check(module: &str, grace: Duration) -> Result<(), String> {
    let own = crate_of(module);
    validate(&plan_of(&|declaration| crate_of(declaration.module) == own), grace)
}

fn crate_of(module: &str) -> &str {
    module.split("::").next().unwrap_or(module)
}

/// The plan, with the time-outs of those types only that `timed` selects.
fn plan_of(timed: &dyn Fn(&Declaration) -> bool) -> Plan {
    let mut declarations: Vec<&'static Declaration> =
        inventory::iter::<Registered>().map(Registered::declaration).collect();
    // The order of registration is the linker's, and so none.
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
    // Types that are only needed, as instances of generic ones are, join behind the registered ones.
    while let Some(declaration) = declarations.get(class).copied() {
        let mut edges = Vec::new();
        for need in &Needs::of(declaration) {
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
            timeout: declaration.timeout.filter(|_| timed(declaration)),
            stage: TeardownStage::of(declaration.last),
            ..Item::default()
        });
        class += 1;
    }
    Plan::new(items, &classes)
}
