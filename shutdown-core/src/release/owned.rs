//! Release by value or by `&mut`, which a lock or a [`Slot`](crate::Slot) makes possible.

use std::fmt::Display;
use std::future::Future;

use crate::sync::catch::catch_async;

/// A type that is released under a lock that must not be held across an await. The release may block.
pub trait ReleaseSync: Send + 'static {
    /// Releases the value.
    ///
    /// # Errors
    ///
    /// Returns the text of the error.
    fn release_sync(&mut self) -> Result<(), String>;
}

/// A type that is released under a lock that may be held across an await. The release does not block.
pub trait ReleaseMut: Send + 'static {
    /// Releases the value.
    fn release_mut(&mut self) -> impl Future<Output = Result<(), String>> + Send;
}

/// A type that is released by value. `List` is the list of known types that it is on.
pub trait ReleaseOwned<List: 'static>: Sized + Send + 'static {
    /// Whether the release blocks its thread, so that it must not run on an async one.
    const BLOCKING: bool;

    /// Releases the value. A `BLOCKING` release never yields.
    fn release_owned(self) -> impl Future<Output = Result<(), String>> + Send;
}

pub(super) fn text_of(error: impl Display) -> String {
    error.to_string()
}

/// Releases values one after the other. Neither an error nor a panic keeps the others from being released.
pub(super) async fn release_all(
    steps: impl Iterator<Item: Future<Output = Result<(), String>>>,
) -> Result<(), String> {
    let (mut errors, mut panicked) = (Vec::new(), None);
    for step in steps {
        match catch_async(step).await {
            Ok(result) => errors.extend(result.err()),
            Err(panic) => panicked = panicked.or(Some(panic)),
        }
    }
    if let Some(panic) = panicked {
        panic.resume();
    }
    match errors.is_empty() {
        true => Ok(()),
        false => Err(errors.join("; ")),
    }
}

/// Releases by value what is released by `&mut`.
macro_rules! owned {
    (sync: $([$($($param:tt)+)?] $ty:ty;)+) => {$(
        impl<$($($param)+,)? List: 'static> $crate::release::owned::ReleaseOwned<List> for $ty {
            const BLOCKING: bool = true;

            fn release_owned(mut self) -> impl Future<Output = Result<(), String>> + Send {
                std::future::ready($crate::release::owned::ReleaseSync::release_sync(&mut self))
            }
        }
    )+};
    (mut: $([$($($param:tt)+)?] $ty:ty;)+) => {$(
        impl<$($($param)+,)? List: 'static> $crate::release::owned::ReleaseOwned<List> for $ty {
            const BLOCKING: bool = false;

            async fn release_owned(mut self) -> Result<(), String> {
                $crate::release::owned::ReleaseMut::release_mut(&mut self).await
            }
        }
    )+};
}

/// Releases values by dropping them.
macro_rules! dropped {
    ($blocking:literal: $([$($($param:tt)+)?] $ty:ty;)+) => {$(
        impl<$($($param)+,)? List: 'static> $crate::release::owned::ReleaseOwned<List> for $ty {
            const BLOCKING: bool = $blocking;

            fn release_owned(self) -> impl Future<Output = Result<(), String>> + Send {
                drop(self);
                std::future::ready(Ok(()))
            }
        }
    )+};
}

pub(crate) use dropped;
pub(super) use owned;
