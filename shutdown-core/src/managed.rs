//! A stand-in until the real one arrives.

use std::{ops::Deref, sync::Arc};

/// Which managed instance.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct InstanceId(pub u64);

/// A handle of a managed instance.
#[derive(Debug)]
pub struct Managed<T> {
    value: Arc<T>,
    id: InstanceId,
}

impl<T> Managed<T> {
    #[doc(hidden)]
    pub fn stub(value: T, id: u64) -> Self {
        Self {
            value: Arc::new(value),
            id: InstanceId(id),
        }
    }

    pub(crate) fn id(&self) -> InstanceId {
        self.id
    }
}

impl<T> Deref for Managed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Clone for Managed<T> {
    fn clone(&self) -> Self {
        Self {
            value: Arc::clone(&self.value),
            id: self.id,
        }
    }
}
