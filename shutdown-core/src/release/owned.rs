//! How the known types are released by value, or by `&mut`: what a lock or a [`Slot`](crate::Slot) makes possible.

use std::{
    any::Any,
    collections::{BTreeMap, HashMap, VecDeque},
    fmt::Display,
    fs::File,
    future::{Future, ready},
    io::{self, BufWriter, LineWriter, Write},
    net,
    panic::resume_unwind,
    process,
    sync::mpsc,
    thread,
};

use tokio::task::{self, JoinError};

use super::child::ask_to_end;
use crate::sync::catch::catch_async;

/// Released under a lock that must not be held while anything is awaited; it may block.
pub trait ReleaseSync: Send + 'static {
    /// Releases it.
    ///
    /// # Errors
    ///
    /// The error in words.
    fn release_sync(&mut self) -> Result<(), String>;
}

/// Released under a lock that may be held meanwhile; it does not block.
pub trait ReleaseMut: Send + 'static {
    /// Releases it.
    fn release_mut(&mut self) -> impl Future<Output = Result<(), String>> + Send;
}

/// Released by value.
pub trait ReleaseOwned: Sized + Send + 'static {
    /// Whether it blocks the thread, and so must not run on an async one.
    const BLOCKING: bool;

    /// Releases it; when `BLOCKING`, without ever yielding.
    fn release_owned(self) -> impl Future<Output = Result<(), String>> + Send;
}

pub(crate) fn words(error: impl Display) -> String {
    error.to_string()
}

/// One after the other; neither an error nor a panic keeps the rest from being released.
pub(crate) async fn all(
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

/// A panic of a task goes on as one, so that the report calls it so. A task that was aborted has ended too.
fn ended<T>(result: Result<T, JoinError>) {
    if let Err(error) = result
        && let Ok(panic) = error.try_into_panic()
    {
        resume_unwind(panic);
    }
}

impl ReleaseSync for File {
    fn release_sync(&mut self) -> Result<(), String> {
        self.sync_all().map_err(words)
    }
}

impl<W: Write + Send + 'static> ReleaseSync for BufWriter<W> {
    fn release_sync(&mut self) -> Result<(), String> {
        self.flush().and_then(|()| sync(self.get_ref())).map_err(words)
    }
}

impl<W: Write + Send + 'static> ReleaseSync for LineWriter<W> {
    fn release_sync(&mut self) -> Result<(), String> {
        self.flush().and_then(|()| sync(self.get_ref())).map_err(words)
    }
}

/// What has been flushed into a file is not on the disk yet.
fn sync<W: 'static>(inner: &W) -> io::Result<()> {
    match (inner as &dyn Any).downcast_ref::<File>() {
        Some(file) => file.sync_all(),
        None => Ok(()),
    }
}

impl ReleaseSync for process::Child {
    fn release_sync(&mut self) -> Result<(), String> {
        let id = self.id();
        let asked = ask_to_end(self.try_wait(), Some(id));
        asked.and_then(|()| self.wait()).map(drop).map_err(words)
    }
}

impl<T: Send + 'static> ReleaseMut for task::JoinHandle<T> {
    async fn release_mut(&mut self) -> Result<(), String> {
        ended(self.await);
        Ok(())
    }
}

/// All have ended before the first panic goes on.
impl<T: Send + 'static> ReleaseMut for task::JoinSet<T> {
    async fn release_mut(&mut self) -> Result<(), String> {
        let mut failed = None;
        while let Some(result) = self.join_next().await {
            failed = failed.or(result.err());
        }
        if let Some(error) = failed {
            ended::<T>(Err(error));
        }
        Ok(())
    }
}

/// What a lock makes possible, a value does too.
macro_rules! owned {
    (sync: $([$($param:tt)*] $ty:ty;)+) => {$(
        impl<$($param)*> ReleaseOwned for $ty {
            const BLOCKING: bool = true;

            fn release_owned(mut self) -> impl Future<Output = Result<(), String>> + Send {
                ready(self.release_sync())
            }
        }
    )+};
    (mut: $([$($param:tt)*] $ty:ty;)+) => {$(
        impl<$($param)*> $crate::release::owned::ReleaseOwned for $ty {
            const BLOCKING: bool = false;

            async fn release_owned(mut self) -> Result<(), String> {
                self.release_mut().await
            }
        }
    )+};
}

#[cfg(not(loom))]
pub(super) use owned;

owned! {
    sync:
    [] File;
    [W: Write + Send + 'static] BufWriter<W>;
    [W: Write + Send + 'static] LineWriter<W>;
    [] process::Child;
}

owned! {
    mut:
    [T: Send + 'static] task::JoinHandle<T>;
    [T: Send + 'static] task::JoinSet<T>;
}

/// The thread has ended.
impl<T: Send + 'static> ReleaseOwned for thread::JoinHandle<T> {
    const BLOCKING: bool = true;

    async fn release_owned(self) -> Result<(), String> {
        match self.join() {
            Err(panic) => resume_unwind(panic),
            Ok(_) => Ok(()),
        }
    }
}

/// What is released by being dropped.
macro_rules! dropped {
    ($blocking:literal: $([$($param:tt)*] $ty:ty;)+) => {$(
        impl<$($param)*> $crate::release::owned::ReleaseOwned for $ty {
            const BLOCKING: bool = $blocking;

            fn release_owned(self) -> impl Future<Output = Result<(), String>> + Send {
                drop(self);
                std::future::ready(Ok(()))
            }
        }
    )+};
}

#[allow(unused_imports, reason = "for the clients, each behind its feature")]
pub(super) use dropped;

dropped! {
    false:
    [] net::TcpListener;
    [T: Send + 'static] mpsc::Sender<T>;
    [T: Send + 'static] mpsc::SyncSender<T>;
    [T: Send + 'static] tokio::sync::mpsc::Sender<T>;
    [T: Send + 'static] tokio::sync::mpsc::UnboundedSender<T>;
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

impl<T: ReleaseOwned> ReleaseOwned for Vec<T> {
    const BLOCKING: bool = T::BLOCKING;

    async fn release_owned(self) -> Result<(), String> {
        all(self.into_iter().map(T::release_owned)).await
    }
}

impl<T: ReleaseOwned> ReleaseOwned for VecDeque<T> {
    const BLOCKING: bool = T::BLOCKING;

    async fn release_owned(self) -> Result<(), String> {
        all(self.into_iter().map(T::release_owned)).await
    }
}

impl<K: Send + 'static, T: ReleaseOwned> ReleaseOwned for BTreeMap<K, T> {
    const BLOCKING: bool = T::BLOCKING;

    async fn release_owned(self) -> Result<(), String> {
        all(self.into_values().map(T::release_owned)).await
    }
}

impl<K: Send + 'static, T: ReleaseOwned, S: Send + 'static> ReleaseOwned for HashMap<K, T, S> {
    const BLOCKING: bool = T::BLOCKING;

    async fn release_owned(self) -> Result<(), String> {
        all(self.into_values().map(T::release_owned)).await
    }
}
