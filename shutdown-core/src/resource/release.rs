//! The types that have one right way to be released, for a bare `#[teardown]`.

use std::{
    fs::File,
    future::Future,
    io::{BufWriter, Write},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use tokio::{runtime::Handle, task};

use super::{Resource, Step, blocking};
use crate::{managed::Managed, slot::Slot};

/// A type with one right way to be released.
#[diagnostic::on_unimplemented(
    message = "lifecycle::bad_attribute: `{Self}` has no one right way to be released",
    label = "which method releases it?",
    note = "name what to call: `#[teardown(close)]`, `#[teardown(lock().await.shutdown())]`; or say why nothing \
            is to be done: `#[teardown(skip = \"..\")]`"
)]
pub trait Release: Sized + Send + Sync + 'static {
    /// Whether it blocks the thread, and so must not run on an async one.
    const BLOCKING: bool;

    /// Releases it; when `BLOCKING`, without ever yielding.
    fn release(&self) -> impl Future<Output = Result<(), String>> + Send;

    /// Releases a field as one step, off the async threads if need be.
    #[doc(hidden)]
    fn known<'a, T: Resource>(value: &'a Self, this: &Managed<T>, field: fn(&T) -> &Self) -> Step<'a> {
        if Self::BLOCKING {
            blocking(this, move |this| Handle::current().block_on(field(this).release()))
        } else {
            Box::pin(value.release())
        }
    }
}

/// What was written is on the disk.
#[diagnostic::do_not_recommend]
impl Release for File {
    const BLOCKING: bool = true;

    async fn release(&self) -> Result<(), String> {
        self.sync_all().map_err(|error| error.to_string())
    }
}

/// What was written is on the disk.
#[diagnostic::do_not_recommend]
impl Release for Mutex<File> {
    const BLOCKING: bool = true;

    async fn release(&self) -> Result<(), String> {
        let file = self.lock().unwrap_or_else(PoisonError::into_inner);
        file.sync_all().map_err(|error| error.to_string())
    }
}

/// What was written is on the disk, with what was still in the buffer.
#[diagnostic::do_not_recommend]
impl Release for Mutex<BufWriter<File>> {
    const BLOCKING: bool = true;

    async fn release(&self) -> Result<(), String> {
        let mut writer = self.lock().unwrap_or_else(PoisonError::into_inner);
        writer.flush().and_then(|()| writer.get_ref().sync_all()).map_err(|error| error.to_string())
    }
}

/// The task has ended.
#[diagnostic::do_not_recommend]
impl<T: Send + 'static> Release for Slot<task::JoinHandle<T>> {
    const BLOCKING: bool = false;

    async fn release(&self) -> Result<(), String> {
        match self.take() {
            // A panic goes on as one, so that the report calls it so. A task that was aborted has ended too.
            Some(task) => match task.await.map_err(task::JoinError::try_into_panic) {
                Err(Ok(panic)) => std::panic::resume_unwind(panic),
                Err(Err(_)) | Ok(_) => Ok(()),
            },
            None => Ok(()),
        }
    }
}

/// The thread has ended.
#[diagnostic::do_not_recommend]
impl<T: Send + 'static> Release for Slot<thread::JoinHandle<T>> {
    const BLOCKING: bool = true;

    async fn release(&self) -> Result<(), String> {
        match self.take().map(thread::JoinHandle::join) {
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            Some(Ok(_)) | None => Ok(()),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<R: Release> Release for Option<R> {
    const BLOCKING: bool = R::BLOCKING;

    async fn release(&self) -> Result<(), String> {
        match self {
            Some(inner) => inner.release().await,
            None => Ok(()),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<R: Release> Release for Arc<R> {
    const BLOCKING: bool = R::BLOCKING;

    async fn release(&self) -> Result<(), String> {
        R::release(self).await
    }
}

#[diagnostic::do_not_recommend]
impl<R: Release> Release for Box<R> {
    const BLOCKING: bool = R::BLOCKING;

    async fn release(&self) -> Result<(), String> {
        R::release(self).await
    }
}

/// One after the other; an error does not keep the rest from being released.
#[diagnostic::do_not_recommend]
impl<R: Release> Release for Vec<R> {
    const BLOCKING: bool = R::BLOCKING;

    async fn release(&self) -> Result<(), String> {
        let mut errors = Vec::new();
        for each in self {
            errors.extend(each.release().await.err());
        }
        if errors.is_empty() { Ok(()) } else { Err(errors.join("; ")) }
    }
}
