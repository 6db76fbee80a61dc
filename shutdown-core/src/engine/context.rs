//! The current lifecycle: the innermost one around the task, else the one that runs alone on the runtime, else the one of
//! `main`.

use std::cell::RefCell;
use std::fmt;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::lifecycle::Lifecycle;
use super::running::{self, Place};
use crate::sequence::InstanceId;

/// The lifecycle of the process: a plain thread finds it too.
static MAIN: OnceLock<Lifecycle> = OnceLock::new();

thread_local! {
    static HERE: RefCell<Option<Here>> = const { RefCell::new(None) };
}

struct Here {
    lifecycle: Lifecycle,
    role: Role,
}

/// Which code runs in a context.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The future of `main`.
    Main,
    /// The teardown of this instance.
    Teardown(InstanceId),
    /// The start of a resource.
    Start,
    /// A task, a closure, or a thread.
    Other,
}

pub(crate) fn set_main(lifecycle: &Lifecycle) {
    let _ = MAIN.set(lifecycle.clone());
}

/// Makes `lifecycle` the current one on every thread of the runtime that `builder` builds.
pub(crate) fn adopt_threads(builder: &mut tokio::runtime::Builder, lifecycle: &Lifecycle) {
    let lifecycle = lifecycle.clone();
    let adopt = move || {
        let here = Here { lifecycle: lifecycle.clone(), role: Role::Other };
        HERE.with_borrow_mut(|slot| *slot = Some(here));
    };
    // Tokio has no such hook when it is built for loom, and loom's models run nothing in it.
    #[cfg(not(loom))]
    builder.on_thread_start(adopt);
    #[cfg(loom)]
    let _ = (builder, adopt);
}

/// Calls `look` with the current lifecycle, without counting a reference to it.
pub(crate) fn with<R>(look: impl FnOnce(Option<&Lifecycle>) -> R) -> R {
    find(|found| look(found.ok()))
}

/// Calls `look` with the current lifecycle. Panics outside of every lifecycle, and says what to do.
#[track_caller]
pub(crate) fn expect<R>(what: &str, look: impl FnOnce(&Lifecycle) -> R) -> R {
    let location = std::panic::Location::caller();
    find(|found| match found {
        Ok(lifecycle) => look(lifecycle),
        Err(outside) => panic!("`lifecycle::{what}` at {location} is outside of a lifecycle: {outside}"),
    })
}

/// Calls `look` with the current lifecycle, or with the reason why the call is outside of every lifecycle.
fn find<R>(look: impl FnOnce(Result<&Lifecycle, Outside>) -> R) -> R {
    let mut look = Some(look);
    let found = HERE.try_with(|here| {
        let here = here.borrow();
        let here = here.as_ref()?;
        look.take().map(|look| look(Ok(&here.lifecycle)))
    });
    match (found, look) {
        (Ok(Some(result)), _) => result,
        // While the locals of a thread are destroyed, only the lifecycle of the process is left.
        (Err(_), Some(look)) => look(MAIN.get().ok_or(Outside::Thread)),
        (_, Some(look)) => elsewhere(look),
        (_, None) => unreachable!("`look` is taken only to be called"),
    }
}

/// Does the same where no task and no thread has brought a lifecycle along.
fn elsewhere<R>(look: impl FnOnce(Result<&Lifecycle, Outside>) -> R) -> R {
    if let Some(main) = MAIN.get() {
        // The runtime of `main` is not shared. A process with `main` alone looks no further, because `look` may be hot.
        return match running::has_any().then(Place::of_this_thread) {
            Some(Place::In(lifecycle)) if !lifecycle.runs_with(main) => look(Ok(&lifecycle)),
            _ => look(Ok(main)),
        };
    }
    look(match Place::of_this_thread() {
        Place::In(ref lifecycle) => Ok(lifecycle),
        Place::Among(number) => Err(Outside::Among(number)),
        Place::OtherRuntime => Err(Outside::Runtime),
        Place::NoRuntime => Err(Outside::Thread),
    })
}

/// Why code has no current lifecycle. The text says what to write.
enum Outside {
    /// This number of lifecycles runs on the runtime of the task.
    Among(usize),
    /// No lifecycle runs on the runtime of the task.
    Runtime,
    /// The thread belongs to no runtime.
    Thread,
}

impl fmt::Display for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const INSIDE: &str = "annotate `main` with `#[lifecycle::main]`, or call it inside \
                              `Lifecycle::builder().run(async { .. })`";
        match self {
            Outside::Among(number) => write!(
                f,
                "{number} lifecycles run on this tokio runtime, so that a task of `tokio::spawn` has none; spawn the task \
                 by `lifecycle::spawn(..)`, or wrap it in `handle.scope_async(|| ..)`, where `handle` is \
                 `Lifecycle::current().unwrap()` of the code that spawns the task"
            ),
            Outside::Runtime => write!(
                f,
                "{INSIDE}; with a handle of a lifecycle, write `handle.scope(|| ..)` around a call, or \
                 `handle.scope_async(|| ..).await` around a future"
            ),
            Outside::Thread => write!(
                f,
                "{INSIDE}; in a thread without a tokio runtime, write `handle.scope(|| ..)` around the call, where \
                 `handle` is `Lifecycle::current().unwrap()` of the code that starts the thread"
            ),
        }
    }
}

/// Returns the instance whose teardown calls this.
pub(super) fn teardown() -> Option<InstanceId> {
    match role()? {
        Role::Teardown(id) => Some(id),
        Role::Main | Role::Start | Role::Other => None,
    }
}

/// Returns whether the future of `main` calls this, and not a task.
pub(crate) fn is_main() -> bool {
    role() == Some(Role::Main)
}

/// Returns whether the start of a resource of this lifecycle calls this.
pub(super) fn is_start_in(lifecycle: &Lifecycle) -> bool {
    let is_start = |here: &Here| here.role == Role::Start && here.lifecycle.is_same(lifecycle);
    HERE.try_with(|here| here.borrow().as_ref().is_some_and(is_start)).unwrap_or(false)
}

fn role() -> Option<Role> {
    HERE.try_with(|here| here.borrow().as_ref().map(|here| here.role)).ok().flatten()
}

/// Runs `f` with `lifecycle` as the current one.
pub(crate) fn enter<R>(lifecycle: &Lifecycle, f: impl FnOnce() -> R) -> R {
    let mut here = Some(Here { lifecycle: lifecycle.clone(), role: Role::Other });
    let _guard = Swapped::new(&mut here);
    f()
}

pin_project! {
    /// A future whose lifecycle is the current one while it is polled.
    pub(crate) struct Scoped<F> {
        here: Option<Here>,
        #[pin]
        future: F,
    }
}

impl<F: Future> Scoped<F> {
    pub(crate) fn new(lifecycle: Lifecycle, future: F) -> Scoped<F> {
        Scoped { here: Some(Here { lifecycle, role: Role::Other }), future }
    }

    pub(crate) fn main(lifecycle: Lifecycle, future: F) -> Scoped<F> {
        Scoped { here: Some(Here { lifecycle, role: Role::Main }), future }
    }

    pub(super) fn start(lifecycle: Lifecycle, future: F) -> Scoped<F> {
        Scoped { here: Some(Here { lifecycle, role: Role::Start }), future }
    }

    pub(super) fn teardown(lifecycle: Lifecycle, id: InstanceId, future: F) -> Scoped<F> {
        Scoped { here: Some(Here { lifecycle, role: Role::Teardown(id) }), future }
    }
}

impl<F: Future> Future for Scoped<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _guard = Swapped::new(this.here);
        this.future.poll(cx)
    }
}

/// Puts a context in place, and restores the previous one when it is dropped, also by a panic.
struct Swapped<'a>(&'a mut Option<Here>);

impl<'a> Swapped<'a> {
    fn new(here: &'a mut Option<Here>) -> Swapped<'a> {
        let mut swapped = Swapped(here);
        swapped.swap();
        swapped
    }

    fn swap(&mut self) {
        // Once the locals of the thread are gone, no context can be put in place.
        let _ = HERE.try_with(|here| std::mem::swap(&mut *here.borrow_mut(), self.0));
    }
}

impl Drop for Swapped<'_> {
    fn drop(&mut self) {
        self.swap();
    }
}
