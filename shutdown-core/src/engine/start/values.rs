//! The resources that have started, and the values that were provided.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Mutex;

use tokio::sync::MutexGuard;

use crate::resource::Resource;
use crate::resource::managed::Managed;
use crate::sequence::InstanceId;
use crate::sync::lock;

/// One instance for each type (R29).
#[derive(Default)]
pub(crate) struct Values {
    by_type: Mutex<HashMap<TypeId, Value>>,
    turn: tokio::sync::Mutex<()>,
}

struct Value {
    id: InstanceId,
    handle: Box<dyn Any + Send + Sync>,
}

impl Values {
    /// Waits until no start is under way.
    pub(super) async fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    pub(super) fn put<T: Resource>(&self, managed: Managed<T>) {
        let before = lock(&self.by_type)
            .insert(TypeId::of::<T>(), Value { id: managed.id(), handle: Box::new(managed) });
        // It may be the last handle, whose drop runs user code.
        drop(before);
    }

    pub(super) fn get<T: Resource>(&self) -> Option<Managed<T>> {
        lock(&self.by_type).get(&TypeId::of::<T>())?.handle.downcast_ref::<Managed<T>>().cloned()
    }

    pub(super) fn id(&self, type_id: TypeId) -> Option<InstanceId> {
        Some(lock(&self.by_type).get(&type_id)?.id)
    }

    pub(super) fn has(&self, type_id: TypeId) -> bool {
        self.id(type_id).is_some()
    }
}
