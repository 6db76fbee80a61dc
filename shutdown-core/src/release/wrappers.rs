//! Locks, collections and smart pointers around a value that needs release.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, RwLock};

use tokio::task::JoinSet;

use super::Release;
use super::owned::{ReleaseMut, ReleaseOwned, ReleaseSync, release_all};
use crate::lint::leak::Wrapper::{Goes, Lock, Several, Stays};
use crate::lint::leak::{Leak, NeedsRelease};
use crate::resource::slot::Slot;
use crate::sync::lock;

/// A wrapper needs release if its value does.
macro_rules! wrappers {
    ($([$($param:tt)*] $ty:ty: $wrapper:expr;)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<T: NeedsRelease $($param)*> NeedsRelease for $ty {
            const LEAK: Option<Leak> = match T::LEAK {
                Some(leak) => Some(leak.wrapped($wrapper)),
                None => None,
            };
        }
    )+};
}

wrappers! {
    [] Option<T>: Several("Option<", ">");
    [+ ?Sized] Arc<T>: Stays("Arc<", ">");
    [+ ?Sized] Box<T>: Stays("Box<", ">");
    [+ ?Sized] Mutex<T>: Lock;
    [+ ?Sized] RwLock<T>: Lock;
    [+ ?Sized] tokio::sync::Mutex<T>: Lock;
    [+ ?Sized] tokio::sync::RwLock<T>: Lock;
    [] Vec<T>: Several("Vec<", ">");
    [] VecDeque<T>: Several("VecDeque<", ">");
    [] OnceLock<T>: Stays("OnceLock<", ">");
    [] tokio::sync::OnceCell<T>: Stays("OnceCell<", ">");
    [] Slot<T>: Lock;
    [] Pin<T>: Goes;
    [, const N: usize] [T; N]: Stays("[", "; _]");
    [, K, S] HashMap<K, T, S>: Several("HashMap<_, ", ">");
    [, K] BTreeMap<K, T>: Several("BTreeMap<_, ", ">");
}

/// Under a lock of std, so it never yields.
#[diagnostic::do_not_recommend]
impl<T: ReleaseSync> Release for Mutex<T> {
    const BLOCKING: bool = true;

    async fn release(&self) -> Result<(), String> {
        lock(self).release_sync()
    }
}

/// Under a lock that may be held across an await.
#[diagnostic::do_not_recommend]
impl<T: ReleaseMut> Release for tokio::sync::Mutex<T> {
    const BLOCKING: bool = false;

    async fn release(&self) -> Result<(), String> {
        self.lock().await.release_mut().await
    }
}

#[diagnostic::do_not_recommend]
impl<T: ReleaseOwned> Release for Slot<T> {
    const BLOCKING: bool = T::BLOCKING;

    async fn release(&self) -> Result<(), String> {
        self.take().release_owned().await
    }
}

/// Collections in a lock, of values that are released by value. They are emptied before anything is awaited.
macro_rules! taken {
    ($([$($param:tt)*] $ty:ty;)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<T: ReleaseOwned $($param)*> Release for Mutex<$ty> {
            const BLOCKING: bool = T::BLOCKING;

            async fn release(&self) -> Result<(), String> {
                take(self).release_owned().await
            }
        }

        #[diagnostic::do_not_recommend]
        impl<T: ReleaseOwned $($param)*> Release for tokio::sync::Mutex<$ty> {
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
impl<T: Send + 'static> Release for Mutex<JoinSet<T>> {
    const BLOCKING: bool = false;

    async fn release(&self) -> Result<(), String> {
        take(self).release_owned().await
    }
}

/// Takes the value out of a lock. A poisoned lock is emptied too, because its values have to be released all the same.
fn take<T: Default>(mutex: &Mutex<T>) -> T {
    mem::take(&mut *lock(mutex))
}

/// Wrappers that hold one value, or none.
macro_rules! one {
    ($($ty:ty: |$wrapper:ident| $value:expr;)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<R: Release> Release for $ty {
            const BLOCKING: bool = R::BLOCKING;

            async fn release(&self) -> Result<(), String> {
                let $wrapper = self;
                let value: Option<&R> = $value;
                match value {
                    Some(value) => value.release().await,
                    None => Ok(()),
                }
            }
        }
    )+};
}

one! {
    Option<R>: |option| option.as_ref();
    Arc<R>: |arc| Some(arc);
    Box<R>: |boxed| Some(boxed);
    OnceLock<R>: |cell| cell.get();
    tokio::sync::OnceCell<R>: |cell| cell.get();
}

/// Collections.
macro_rules! each {
    ($([$($param:tt)*] $ty:ty: $values:ident;)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<R: Release $($param)*> Release for $ty {
            const BLOCKING: bool = R::BLOCKING;

            async fn release(&self) -> Result<(), String> {
                release_all(self.$values().map(R::release)).await
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

impl<T: ReleaseOwned> ReleaseOwned for Option<T> {
    const BLOCKING: bool = T::BLOCKING;

    async fn release_owned(self) -> Result<(), String> {
        match self {
            Some(inner) => inner.release_owned().await,
            None => Ok(()),
        }
    }
}

impl<T: ReleaseOwned> ReleaseOwned for Box<T> {
    const BLOCKING: bool = T::BLOCKING;

    async fn release_owned(self) -> Result<(), String> {
        (*self).release_owned().await
    }
}

/// Collections that are released by value.
macro_rules! each_owned {
    ($([$($param:tt)*] $ty:ty: $values:ident;)+) => {$(
        impl<T: ReleaseOwned $($param)*> ReleaseOwned for $ty {
            const BLOCKING: bool = T::BLOCKING;

            async fn release_owned(self) -> Result<(), String> {
                release_all(self.$values().map(T::release_owned)).await
            }
        }
    )+};
}

each_owned! {
    [] Vec<T>: into_iter;
    [] VecDeque<T>: into_iter;
    [, K: Send + 'static, S: Send + 'static] HashMap<K, T, S>: into_values;
    [, K: Send + 'static] BTreeMap<K, T>: into_values;
}
