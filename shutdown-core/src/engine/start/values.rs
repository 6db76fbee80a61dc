//! The resources that have started, the values that were provided, and what is being waited for.

use std::any::{Any, TypeId};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use tokio::sync::OwnedMutexGuard;

use crate::resource::Resource;
use crate::resource::managed::{Managed, WeakManaged};
use crate::sequence::InstanceId;
use crate::sync::lock;

/// One instance for each type (R29).
#[derive(Default)]
pub(crate) struct Values {
    by_type: Mutex<HashMap<TypeId, Value>>,
    turn: Arc<tokio::sync::Mutex<()>>,
    awaited: Mutex<Vec<Awaited>>,
}

/// An instance. Its handle is weak, so that its teardown can drop the value.
struct Value {
    id: InstanceId,
    handle: Box<dyn Any + Send + Sync>,
}

/// A resource that starts, and has not started yet.
#[derive(Clone, Debug)]
pub(crate) struct Awaited {
    pub(crate) name: Cow<'static, str>,
    /// The error of its last attempt.
    pub(crate) error: Option<String>,
}

impl fmt::Display for Awaited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.error {
            Some(error) => write!(f, "{}: {error}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

impl Values {
    /// Waits until no start is under way.
    pub(super) async fn turn(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.turn).lock_owned().await
    }

    pub(super) fn put<T: Resource>(&self, managed: &Managed<T>) {
        let value = Value { id: managed.id(), handle: Box::new(managed.downgrade()) };
        let before = lock(&self.by_type).insert(TypeId::of::<T>(), value);
        drop(before);
    }

    pub(super) fn get<T: Resource>(&self) -> Option<Managed<T>> {
        lock(&self.by_type).get(&TypeId::of::<T>())?.handle.downcast_ref::<WeakManaged<T>>()?.upgrade()
    }

    /// Forgets an instance that is released. The next start of its type makes another one.
    pub(in crate::engine) fn forget(&self, id: InstanceId) {
        lock(&self.by_type).retain(|_, value| value.id != id);
    }

    pub(super) fn await_one(&self, name: &'static str, error: Option<String>) {
        let mut awaited = lock(&self.awaited);
        match awaited.iter_mut().find(|awaited| awaited.name == name) {
            Some(known) => known.error = error,
            None => awaited.push(Awaited { name: name.into(), error }),
        }
    }

    pub(super) fn has_started(&self, name: &'static str) {
        lock(&self.awaited).retain(|awaited| awaited.name != name);
    }

    pub(super) fn await_nothing(&self) {
        lock(&self.awaited).clear();
    }

    /// Lists what is being waited for, in the order of the begin.
    #[cfg(any(feature = "http", test))]
    pub(super) fn awaited(&self) -> Vec<Awaited> {
        lock(&self.awaited).clone()
    }
}

/// Handles for the starts of one call. They keep what has started until the call is over.
#[derive(Default)]
pub(super) struct Handles(Mutex<HashMap<TypeId, Handle>>);

/// A handle whose type is erased.
pub(super) struct Handle {
    id: InstanceId,
    managed: Box<dyn Any + Send + Sync>,
}

impl Handle {
    pub(super) fn of<T: Resource>(managed: Managed<T>) -> Handle {
        Handle { id: managed.id(), managed: Box::new(managed) }
    }
}

impl Handles {
    pub(super) fn put(&self, type_id: TypeId, handle: Handle) {
        let before = lock(&self.0).insert(type_id, handle);
        drop(before);
    }

    pub(super) fn get<T: Resource>(&self) -> Option<Managed<T>> {
        lock(&self.0).get(&TypeId::of::<T>())?.managed.downcast_ref::<Managed<T>>().cloned()
    }

    pub(super) fn id(&self, type_id: TypeId) -> Option<InstanceId> {
        Some(lock(&self.0).get(&type_id)?.id)
    }
}
