//! Hands an instance over to a lifecycle: numbered, registered, and torn down exactly once (R6).

use std::any::TypeId;
use std::borrow::Cow;
use std::panic::Location;
use std::sync::{Arc, Weak};

use futures_util::future::BoxFuture;

use super::at_notice::AtNotice;
#[cfg(feature = "http")]
use super::checks::Check;
use super::hook::{Hook, Job};
use super::lifecycle::{Lifecycle, WeakLifecycle};
use crate::plan::Why;
use crate::report::Outcome;
use crate::resource::Resource;
use crate::resource::declaration::Declaration;
use crate::resource::holds::Held;
use crate::resource::managed::{Managed, Owner};
use crate::resource::needs::Needs;
use crate::resource::steps::{at_notice, tear_down};
use crate::sequence::{InstanceId, NO_CLASS, Released, Spec};
use crate::stage::TeardownStage;

impl Lifecycle {
    /// Manages an instance in this lifecycle: see [`manage`](crate::manage).
    #[track_caller]
    pub fn manage<T: Resource>(&self, value: T) -> Managed<T> {
        self.manage_named(Cow::Borrowed(T::DECLARATION.name), value, Location::caller())
    }

    /// Manages an instance under a name of its own: see [`manage_as`](crate::manage_as).
    #[track_caller]
    pub fn manage_as<T: Resource>(&self, name: impl Into<Cow<'static, str>>, value: T) -> Managed<T> {
        self.manage_named(name.into(), value, Location::caller())
    }

    pub(super) fn manage_named<T: Resource>(
        &self,
        name: Cow<'static, str>,
        value: T,
        location: &'static Location<'static>,
    ) -> Managed<T> {
        let declaration = T::DECLARATION;
        let mut held = Held::default();
        value.__lifecycle_holds(&mut held);
        let hook_name = name.clone();
        let stage = TeardownStage::of(declaration.last);
        let spec = Spec {
            name,
            class: NO_CLASS,
            order: declaration.order,
            timeout: declaration.timeout,
            stage,
            location,
            at_notice: declaration.at_notice.is_some(),
            needs: held.of((declaration.type_id)()).collect(),
        };
        let id = self.next_instance();
        let mut handle = None;
        let hook = Arc::new_cyclic(|hook| {
            let owner = InstanceOwner { id, lifecycle: self.downgrade(), hook: Weak::clone(hook) };
            let managed = handle.insert(Managed::new(value, id, owner)).clone();
            let at_notice = declaration.at_notice.map(|step| {
                let managed = managed.clone();
                Box::new(AtNotice::new(step, Box::new(move || Box::pin(at_notice(managed, step)))))
            });
            #[cfg(feature = "http")]
            let check = self.check_of(hook_name.clone(), &managed);
            let job: Job = Box::new(move || Box::pin(tear_down(managed)));
            #[cfg(feature = "testing")]
            let job = self.drilled(&hook_name, stage, job);
            let hook = Hook::new(id, hook_name, job, at_notice);
            #[cfg(feature = "http")]
            let hook = hook.with_check(check);
            hook
        });
        self.register(id, spec, Some(declaration), hook);
        handle.expect("the hook is made of a clone")
    }

    /// Registers the readiness check of an instance, if its type has one (R30).
    #[cfg(feature = "http")]
    fn check_of<T: Resource>(&self, name: Cow<'static, str>, managed: &Managed<T>) -> Option<Arc<Check>> {
        // The check keeps no value: a teardown may rely on the drop of the last handle.
        let instance = T::DECLARATION.ready.then(|| managed.downgrade())?;
        let ask = move || {
            let instance = instance.upgrade();
            let answer = async move {
                match instance {
                    Some(instance) => T::__lifecycle_ready(&instance).await,
                    None => Ok(()),
                }
            };
            Box::pin(answer) as BoxFuture<'static, Result<(), String>>
        };
        let check = Check::new(name, Box::new(ask));
        self.engine().checks.add(Arc::clone(&check));
        Some(check)
    }

    /// Registers a teardown without a type.
    pub(super) fn register_job(&self, spec: Spec, job: Job) {
        let id = self.next_instance();
        #[cfg(feature = "testing")]
        let job = self.drilled(&spec.name, spec.stage, job);
        let hook = Arc::new(Hook::new(id, spec.name.clone(), job, None));
        self.register(id, spec, None, hook);
    }

    fn register(
        &self,
        id: InstanceId,
        mut spec: Spec,
        declaration: Option<&'static Declaration>,
        hook: Arc<Hook>,
    ) {
        let (name, location) = (spec.name.clone(), spec.location);
        let in_time = self.step(|sequence, now, world| {
            if let Some(declaration) = declaration {
                spec.class = sequence.class((declaration.type_id)(), || needs(declaration));
            }
            sequence.manage(now, id, spec, hook, world)
        });
        if !in_time {
            self.engine().host.print(format!(
                "lifecycle: `{name}` (managed at {location}) came after the report: it is not torn down\n"
            ));
        }
    }
}

/// Lists the types that a type depends on.
fn needs(declaration: &Declaration) -> Vec<(TypeId, Why)> {
    Needs::of(declaration).iter().map(|need| (need.type_id, need.reason.into())).collect()
}

/// The engine, as the handle of one instance sees it.
struct InstanceOwner {
    id: InstanceId,
    lifecycle: WeakLifecycle,
    hook: Weak<Hook>,
}

impl Owner for InstanceOwner {
    fn depends_on(&self, other: InstanceId) {
        if let Some(lifecycle) = self.lifecycle.upgrade() {
            lifecycle.step(|sequence, now, _| sequence.depends_on(now, self.id, other));
        }
    }

    fn release(&self) -> Option<BoxFuture<'static, Outcome>> {
        let (id, hook, lifecycle) = (self.id, self.hook.upgrade()?, self.lifecycle.upgrade()?);
        Some(Box::pin(async move {
            let released = lifecycle.step(|sequence, now, _| sequence.release(now, id));
            if let Released::Run(hook, timeout) = released {
                lifecycle.engine().values.forget(id);
                lifecycle.release(id, hook, timeout);
            }
            hook.outcome().await
        }))
    }
}
