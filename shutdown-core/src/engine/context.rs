//! The current lifecycle: the innermost one around the task, else the one of the runtime, else the one of `main`.

use std::cell::RefCell;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::lifecycle::Lifecycle;
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
    // While the locals of a thread are destroyed, only the lifecycle of the process is left.
    let mut look = Some(look);
    let found = HERE.try_with(|here| {
        let here = here.borrow();
        let lifecycle = here.as_ref().map(|here| &here.lifecycle).or_else(|| MAIN.get());
        look.take().map(|look| look(lifecycle))
    });
    match (found, look) {
        (Ok(Some(result)), _) => result,
        (_, Some(look)) => look(MAIN.get()),
        (_, None) => unreachable!("`look` is taken only to be called"),
    }
}

/// Calls `look` with the current lifecycle. Panics outside of every lifecycle, and says what to do.
#[track_caller]
pub(crate) fn expect<R>(what: &str, look: impl FnOnce(&Lifecycle) -> R) -> R {
    let location = std::panic::Location::caller();
    with(|lifecycle| match lifecycle {
        Some(lifecycle) => look(lifecycle),
        None => panic!(
            "`lifecycle::{what}` at {location} is outside of a lifecycle: annotate `main` with \
             `#[lifecycle::main]`, or call it inside `Lifecycle::builder().build().run(..)` or `.scope(..)`"
        ),
    })
}

/// Returns the instance whose teardown calls this.
pub(super) fn teardown() -> Option<InstanceId> {
    match role()? {
        Role::Teardown(id) => Some(id),
        Role::Main | Role::Other => None,
    }
}

/// Returns whether the future of `main` calls this, and not a task.
pub(crate) fn is_main() -> bool {
    role() == Some(Role::Main)
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
