//! How values are released: the types that a bare `#[teardown]` knows, and what is lost without it.
//!
//! | file | holds |
//! |---|---|
//! | [`std`], [`tokio`], [`tokio_types`] | the types of those crates |
//! | [`clients`] | one file for each client library, under the feature of its name |
//! | `wrappers` | locks, collections and smart pointers around a value that needs release |
//! | `nested` | writers inside of writers, up to the file at the end |
//! | `memory` | writers into memory, which need no release |
//! | `apart` | a release that blocks and cannot be cancelled, on a thread of its own |
//! | `child` | a child process is asked to end, and then killed |
//! | `output` | the error that a task has returned |
//! | `sent` | the acknowledgement of the last bytes by the peer of a socket |
//! | `owned` | release by value or by `&mut`, which a lock or a `Slot` makes possible |
//! | `returned` | the value of a call such as `#[teardown(close)]`, which may be a future or a `Result` |
//!
//! To add a client library, write one file in `clients`, its `mod` line, its line in `Cargo.toml`, its row in the table of
//! `shutdown-macros/src/model/clients.rs` (for `unknown_client`), and one test. The file holds three things:
//!
//! - its head: the first sentence names the types, and a table says what is lost, what releases them, and who confirms
//!   that. The docs page `lints::unreleased_field` re-exports the modules, so rustdoc builds the page from these heads.
//! - `known!`: the same for the messages of the compiler.
//! - an impl of [`Release`] or of a trait in `owned`, for each type that has one right way to be released.
//!
//! Another version of that library needs no other file. It needs a line for a renamed dependency and a line for a feature
//! in `Cargo.toml`, and an entry of `other_versions!` in `clients.rs`. The file names its library by `super::library`, and
//! uses only what the versions have in common. A feature never changes its version within a major version of this crate.
//! If the minimum Rust version is above that of this crate, the docs say so: a test in `tests/tree` compares the two.

mod apart;
mod child;
pub(crate) mod clients;
pub(crate) mod known;
mod memory;
mod nested;
mod output;
pub(crate) mod owned;
pub(crate) mod returned;
mod sent;
pub mod std;
pub mod tokio;
// Tokio has no files, sockets and processes when it is built for loom.
#[cfg(all(feature = "tokio-types", not(loom)))]
pub mod tokio_types;
mod wrappers;

use ::std::future::Future;

use ::tokio::runtime::Handle;

use crate::lint::leak::Released;
use crate::resource::Resource;
use crate::resource::managed::Managed;
use crate::resource::steps::{Step, blocking};

/// A type with one right way to be released.
///
/// A release returns `Ok` if the peer has confirmed it, or if nothing was outstanding. One that cannot know calls
/// `unconfirmed` (R22).
pub trait Release<List: 'static>: Sized + Send + Sync + 'static {
    /// Whether the release blocks its thread, so that it must not run on an async one.
    const BLOCKING: bool;
    /// Whether the value must not be dropped after its release has failed, because the drop loses more, or blocks. Then
    /// the resource is kept until the process exits.
    const KEPT_AFTER_FAILURE: bool = false;

    /// Releases the value. A `BLOCKING` release never yields.
    fn release(&self) -> impl Future<Output = Result<(), String>> + Send;

    /// Makes the step that releases a field, on a blocking thread if the release blocks.
    #[doc(hidden)]
    fn known<'a, T: Resource>(value: &'a Self, this: &Managed<T>, field: fn(&T) -> &Self) -> Step<'a> {
        let step: Step<'a> = if Self::BLOCKING {
            blocking(this, move |this| Handle::current().block_on(field(this).release()))
        } else {
            Box::pin(value.release())
        };
        match Self::KEPT_AFTER_FAILURE {
            true => kept_after_failure(step, this.clone()),
            false => step,
        }
    }
}

/// Keeps the resource until the process exits if the step fails.
fn kept_after_failure<T: Resource>(step: Step<'_>, this: Managed<T>) -> Step<'_> {
    Box::pin(async move {
        let released = step.await;
        if released.is_err() {
            ::std::mem::forget(this);
        }
        released
    })
}

impl<List: 'static, T: Release<List>> Released<T, List> {
    /// A bare `#[teardown]` releases it.
    pub const __LIFECYCLE_BARE: bool = true;
}

/// A type that a bare `#[teardown]` releases as it is. `REFUSED` says that another error refuses it: it is only released
/// by value, or it looks like a handle of a known client.
#[diagnostic::on_unimplemented(
    message = "lifecycle::lints::bad_attribute: a bare `#[teardown]` does not know how to release `{Self}`",
    label = "which method releases it?",
    note = "name the method: `#[teardown(close)]`, `#[teardown(lock().await.shutdown())]`; or say why nothing has to be \
            done: `#[teardown(skip = \"..\")]`",
    note = "for a type of another crate, turn on the feature of its client library, or write `lifecycle::known_types!`"
)]
pub trait Bare<List, const REFUSED: bool>: Sized + Send + Sync + 'static {
    /// Makes the step that releases a field.
    fn step<'a, T: Resource>(value: &'a Self, this: &Managed<T>, field: fn(&T) -> &Self) -> Step<'a>;
}

#[diagnostic::do_not_recommend]
impl<List: 'static, R: Release<List>> Bare<List, false> for R {
    fn step<'a, T: Resource>(value: &'a Self, this: &Managed<T>, field: fn(&T) -> &Self) -> Step<'a> {
        R::known(value, this, field)
    }
}

#[diagnostic::do_not_recommend]
impl<List, R: Send + Sync + 'static> Bare<List, true> for R {
    fn step<'a, T: Resource>(_: &'a Self, _: &Managed<T>, _: fn(&T) -> &Self) -> Step<'a> {
        unreachable!("the constant that says so is a compile error")
    }
}
