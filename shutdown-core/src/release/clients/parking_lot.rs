//! Locks of `parking_lot`: `Mutex`, `FairMutex`, `RwLock`, `ReentrantMutex`. Needs the feature `parking_lot`.
//!
//! | type | lost without release | a bare `#[teardown]` | who confirms |
//! |---|---|---|---|
//! | a lock around a known type | the same as without the lock | as in a `Mutex` of std, for `Mutex` and `FairMutex` | as for that type |
//!
//! A `Mutex` releases what a `Mutex` of std releases, such as a `BufWriter`, an `Option` or a collection.

use std::mem;

use parking_lot::lock_api::{Mutex, RawMutex, RawRwLock, ReentrantMutex, RwLock};

use crate::lint::leak::Wrapper::Lock;
use crate::release::Release;
use crate::release::owned::ReleaseSync;
use crate::release::wrappers::{taken, wrappers};

wrappers! {
    [+ ?Sized, R] Mutex<R, T>: Lock;
    [+ ?Sized, R] RwLock<R, T>: Lock;
    [+ ?Sized, R, G] ReentrantMutex<R, G, T>: Lock;
}

#[diagnostic::do_not_recommend]
impl<List: 'static, T: ReleaseSync, R: RawMutex + Send + Sync + 'static> Release<List> for Mutex<R, T> {
    const BLOCKING: bool = true;

    async fn release(&self) -> Result<(), String> {
        self.lock().release_sync()
    }
}

taken!([Mutex<R, ] [, R: RawMutex + Send + Sync + 'static]: |mutex| mem::take(&mut *mutex.lock()));

/// The raw lock of each type of `parking_lot` is one of those above.
const _: () = {
    const fn is_known<T: crate::lint::leak::NeedsRelease<()>>() {}
    const fn is_raw<M: RawMutex, L: RawRwLock>() {}
    is_raw::<parking_lot::RawMutex, parking_lot::RawRwLock>();
    is_known::<parking_lot::FairMutex<std::fs::File>>();
    is_known::<parking_lot::ReentrantMutex<std::fs::File>>();
};
