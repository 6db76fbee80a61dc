//! How values are released: the types that have one right way, for a bare `#[teardown]`.

mod child;
mod clients;
mod known;
pub(crate) mod owned;
pub(crate) mod returned;
#[cfg(not(loom))]
mod tokio;

use ::std::{
    collections::{BTreeMap, HashMap, VecDeque},
    fs::{self, File},
    future::Future,
    io, mem,
    os::unix::net::UnixListener,
    path::Path,
    sync::{Arc, Mutex, OnceLock},
};

use ::tokio::{runtime::Handle, task};

use crate::resource::{Resource, Step, blocking, managed::Managed, slot::Slot};
use crate::sync::lock;
use owned::{ReleaseMut, ReleaseOwned, ReleaseSync, all, words};

/// A type with one right way to be released.
#[diagnostic::on_unimplemented(
    message = "lifecycle::lints::bad_attribute: `{Self}` has no one right way to be released",
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
        self.sync_all().map_err(words)
    }
}

/// The socket file is gone, so that the next start can bind it.
#[diagnostic::do_not_recommend]
impl Release for UnixListener {
    const BLOCKING: bool = true;

    async fn release(&self) -> Result<(), String> {
        remove_socket(self.local_addr().map_err(words)?.as_pathname())
    }
}

fn remove_socket(path: Option<&Path>) -> Result<(), String> {
    match path.map(fs::remove_file) {
        Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => Err(words(error)),
        Some(_) | None => Ok(()),
    }
}

/// Under a lock of std, so without ever yielding.
#[diagnostic::do_not_recommend]
impl<T: ReleaseSync> Release for Mutex<T> {
    const BLOCKING: bool = true;

    async fn release(&self) -> Result<(), String> {
        lock(self).release_sync()
    }
}

/// Under a lock that may be held while it is awaited.
#[diagnostic::do_not_recommend]
impl<T: ReleaseMut> Release for ::tokio::sync::Mutex<T> {
    const BLOCKING: bool = false;

    async fn release(&self) -> Result<(), String> {
        self.lock().await.release_mut().await
    }
}

/// What is released by value is taken out.
#[diagnostic::do_not_recommend]
impl<T: ReleaseOwned> Release for Slot<T> {
    const BLOCKING: bool = T::BLOCKING;

    async fn release(&self) -> Result<(), String> {
        self.take().release_owned().await
    }
}

/// Collections of what is released by value, emptied before anything is awaited.
macro_rules! taken {
    ($([$($param:tt)*] $ty:ty;)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<T: ReleaseOwned $($param)*> Release for Mutex<$ty> {
            const BLOCKING: bool = T::BLOCKING;

            async fn release(&self) -> Result<(), String> {
                let taken = mem::take(&mut *lock(self));
                taken.release_owned().await
            }
        }

        #[diagnostic::do_not_recommend]
        impl<T: ReleaseOwned $($param)*> Release for ::tokio::sync::Mutex<$ty> {
            const BLOCKING: bool = T::BLOCKING;

            async fn release(&self) -> Result<(), String> {
                let taken = mem::take(&mut *self.lock().await);
                taken.release_owned().await
            }
        }
    )+};
}

taken! {
    [] Option<T>;
    [] Vec<T>;
    [] VecDeque<T>;
    [, K: Send + 'static] BTreeMap<K, T>;
    [, K: Send + 'static, S: Default + Send + 'static] HashMap<K, T, S>;
}

#[diagnostic::do_not_recommend]
impl<T: Send + 'static> Release for Mutex<task::JoinSet<T>> {
    const BLOCKING: bool = false;

    async fn release(&self) -> Result<(), String> {
        let taken = mem::take(&mut *lock(self));
        taken.release_owned().await
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

#[diagnostic::do_not_recommend]
impl<R: Release> Release for OnceLock<R> {
    const BLOCKING: bool = R::BLOCKING;

    async fn release(&self) -> Result<(), String> {
        match self.get() {
            Some(inner) => inner.release().await,
            None => Ok(()),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<R: Release> Release for ::tokio::sync::OnceCell<R> {
    const BLOCKING: bool = R::BLOCKING;

    async fn release(&self) -> Result<(), String> {
        match self.get() {
            Some(inner) => inner.release().await,
            None => Ok(()),
        }
    }
}

macro_rules! each {
    ($([$($param:tt)*] $ty:ty: $values:ident;)+) => {$(
        /// One after the other; what goes wrong with one does not keep the rest.
        #[diagnostic::do_not_recommend]
        impl<R: Release $($param)*> Release for $ty {
            const BLOCKING: bool = R::BLOCKING;

            async fn release(&self) -> Result<(), String> {
                all(self.$values().map(R::release)).await
            }
        }
    )+};
}

each! {
    [] Vec<R>: iter;
    [] VecDeque<R>: iter;
    [, const N: usize] [R; N]: iter;
    [, K: Send + Sync + 'static, S: Send + Sync + 'static] HashMap<K, R, S>: values;
    [, K: Send + Sync + 'static] BTreeMap<K, R>: values;
}
