//! Locks, collections and smart pointers around a value that needs release.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, RwLock};

use tokio::task::JoinSet;

use super::Release;
use super::owned::{ReleaseMut, ReleaseOwned, ReleaseSync, release_all};
use crate::lint::leak::Wrapper::{Goes, Lock, Several, Stays};
use crate::resource::slot::Slot;
use crate::sync::lock;

/// A wrapper needs release if its value does, and buffers for memory if its value does.
macro_rules! wrappers {
    ($([$($param:tt)*] $ty:ty: $wrapper:expr;)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<List: 'static, T: $crate::lint::leak::NeedsRelease<List> $($param)*> $crate::lint::leak::NeedsRelease<List> for $ty {
            const LEAK: Option<$crate::lint::leak::Leak> = match T::LEAK {
                Some(leak) => Some(leak.wrapped($wrapper)),
                None => None,
            };
        }

        #[diagnostic::do_not_recommend]
        impl<T: $crate::lint::leak::HoldsMemory $($param)*> $crate::lint::leak::HoldsMemory for $ty {}
    )+};
}

wrappers! {
    [] Option<T>: Several("Option<", ">");
    [, E] Result<T, E>: Stays("Result<", ", _>");
    [+ ?Sized] Arc<T>: Stays("Arc<", ">");
    [+ ?Sized] Box<T>: Stays("Box<", ">");
    [+ ?Sized] &T: Stays("&'static ", "");
    [+ ?Sized] &mut T: Goes;
    [+ ?Sized] Mutex<T>: Lock;
    [+ ?Sized] RwLock<T>: Lock;
    [+ ?Sized] tokio::sync::Mutex<T>: Lock;
    [+ ?Sized] tokio::sync::RwLock<T>: Lock;
    [] Vec<T>: Several("Vec<", ">");
    [] VecDeque<T>: Several("VecDeque<", ">");
    [] [T]: Several("Vec<", ">");
    [] OnceLock<T>: Stays("OnceLock<", ">");
    [, F] LazyLock<T, F>: Stays("OnceLock<", ">");
    [] tokio::sync::OnceCell<T>: Stays("OnceCell<", ">");
    [] Slot<T>: Lock;
    [] Pin<T>: Goes;
    [, const N: usize] [T; N]: Stays("[", "; _]");
    [, K, S] HashMap<K, T, S>: Several("HashMap<_, ", ">");
    [, K] BTreeMap<K, T>: Several("BTreeMap<_, ", ">");
}

/// Under a lock of std, so it never yields.
#[diagnostic::do_not_recommend]
impl<List: 'static, T: ReleaseSync> Release<List> for Mutex<T> {
    const BLOCKING: bool = true;

    async fn release(&self) -> Result<(), String> {
        lock(self).release_sync()
    }
}

/// Under a lock that may be held across an await.
#[diagnostic::do_not_recommend]
impl<List: 'static, T: ReleaseMut> Release<List> for tokio::sync::Mutex<T> {
    const BLOCKING: bool = false;

    async fn release(&self) -> Result<(), String> {
        self.lock().await.release_mut().await
    }
}

#[diagnostic::do_not_recommend]
impl<List: 'static, T: ReleaseOwned<List>> Release<List> for Slot<T> {
    const BLOCKING: bool = T::BLOCKING;

    async fn release(&self) -> Result<(), String> {
        ReleaseOwned::<List>::release_owned(self.take()).await
    }
}

/// Collections in a lock, of values that are released by value. They are emptied before anything is awaited. The
/// expression after the lock empties it.
macro_rules! taken {
    ([$($lock:tt)+] [$($lock_param:tt)*]: |$this:ident| $taken:expr) => {
        $crate::release::wrappers::taken! { @ [$($lock)+] [$($lock_param)*] [|$this| $taken]
            [] [Option<T>];
            [] [Vec<T>];
            [] [std::collections::VecDeque<T>];
            [, K: Send + 'static] [std::collections::BTreeMap<K, T>];
            [, K: Send + 'static, S: Default + Send + 'static] [std::collections::HashMap<K, T, S>];
        }
    };
    (@ $lock:tt $lock_param:tt $taken:tt $($param:tt $ty:tt;)+) => {$(
        $crate::release::wrappers::taken! { @one $lock $lock_param $taken $param $ty }
    )+};
    (@one [$($lock:tt)+] [$($lock_param:tt)*] [|$this:ident| $taken:expr] [$($param:tt)*] [$($ty:tt)+]) => {
        #[diagnostic::do_not_recommend]
        impl<List: 'static, T: $crate::release::owned::ReleaseOwned<List> $($param)* $($lock_param)*>
            $crate::release::Release<List> for $($lock)+ $($ty)+>
        {
            const BLOCKING: bool = T::BLOCKING;

            async fn release(&self) -> Result<(), String> {
                let $this = self;
                let taken: $($ty)+ = $taken;
                $crate::release::owned::ReleaseOwned::<List>::release_owned(taken).await
            }
        }
    };
}

taken!([Mutex<] []: |mutex| take(mutex));
taken!([tokio::sync::Mutex<] []: |mutex| mem::take(&mut *mutex.lock().await));

#[diagnostic::do_not_recommend]
impl<List: 'static, T: Send + 'static> Release<List> for Mutex<JoinSet<T>> {
    const BLOCKING: bool = false;

    async fn release(&self) -> Result<(), String> {
        ReleaseOwned::<List>::release_owned(take(self)).await
    }
}

/// Takes the value out of a lock. A poisoned lock is emptied too, because its values have to be released all the same.
fn take<T: Default>(mutex: &Mutex<T>) -> T {
    mem::take(&mut *lock(mutex))
}

/// Wrappers that hold one value, or none.
macro_rules! one {
    ($([$($param:tt)*] $ty:ty: |$wrapper:ident| $value:expr;)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<List: 'static, R: Release<List> $($param)*> Release<List> for $ty {
            const BLOCKING: bool = R::BLOCKING;
            const KEPT_AFTER_FAILURE: bool = R::KEPT_AFTER_FAILURE;

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
    [] Option<R>: |option| option.as_ref();
    [, E: Send + Sync + 'static] Result<R, E>: |result| result.as_ref().ok();
    [] Arc<R>: |arc| Some(arc);
    [] Box<R>: |boxed| Some(boxed);
    [] &'static R: |reference| Some(*reference);
    [] OnceLock<R>: |cell| cell.get();
    [] tokio::sync::OnceCell<R>: |cell| cell.get();
}

/// Collections.
macro_rules! each {
    ($([$($param:tt)*] $ty:ty: $values:ident;)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<List: 'static, R: Release<List> $($param)*> Release<List> for $ty {
            const BLOCKING: bool = R::BLOCKING;
            const KEPT_AFTER_FAILURE: bool = R::KEPT_AFTER_FAILURE;

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

impl<List: 'static, T: ReleaseOwned<List>> ReleaseOwned<List> for Option<T> {
    const BLOCKING: bool = T::BLOCKING;

    async fn release_owned(self) -> Result<(), String> {
        match self {
            Some(inner) => inner.release_owned().await,
            None => Ok(()),
        }
    }
}

impl<List: 'static, T: ReleaseOwned<List>, E: Send + 'static> ReleaseOwned<List> for Result<T, E> {
    const BLOCKING: bool = T::BLOCKING;

    async fn release_owned(self) -> Result<(), String> {
        ReleaseOwned::<List>::release_owned(self.ok()).await
    }
}

impl<List: 'static, T: ReleaseOwned<List>> ReleaseOwned<List> for Box<T> {
    const BLOCKING: bool = T::BLOCKING;

    async fn release_owned(self) -> Result<(), String> {
        (*self).release_owned().await
    }
}

/// Collections that are released by value.
macro_rules! each_owned {
    ($([$($param:tt)*] $ty:ty: $values:ident;)+) => {$(
        impl<List: 'static, T: ReleaseOwned<List> $($param)*> ReleaseOwned<List> for $ty {
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

#[allow(unused_imports, reason = "without a feature there are no wrappers of other crates")]
pub(super) use {one, taken, wrappers};
