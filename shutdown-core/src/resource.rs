//! What a type declares, and the handle of an instance.
//!
//! `#[lifecycle::resource]` implements [`Resource`] and registers a [`Declaration`]. `#[lifecycle::teardown]` completes
//! an impl of [`Teardown`]. How a field is released is in `release`; what the compiler checks is in `lint`.

pub(crate) mod at_notice;
pub(crate) mod called;
pub(crate) mod declaration;
pub(crate) mod declared;
mod failures;
pub(crate) mod holds;
pub(crate) mod link;
pub(crate) mod managed;
pub(crate) mod needs;
pub(crate) mod output;
pub(crate) mod ready;
pub(crate) mod registered;
#[cfg_attr(
    not(all(feature = "async-nats", feature = "sqlx")),
    expect(dead_code, reason = "each client library asks for a part of it")
)]
pub(crate) mod scope;
pub(crate) mod slot;
pub(crate) mod steps;
pub(crate) mod touched;

use std::future::Future;

pub use output::TeardownOutput;
pub use ready::ReadyOutput;

use declaration::Declaration;
use holds::Held;
use link::Link;
use managed::Managed;
use steps::Step;
use touched::Touched;

/// How a resource is torn down.
///
/// Implement it under [`#[lifecycle::teardown]`](macro@crate::teardown), which derives [`Output`](Self::Output) from
/// the signature.
///
/// The method takes `&self`, because other code may still hold a clone of the handle. Keep a value that is released by
/// value in a [`Slot`](crate::Slot).
#[doc(alias = "shutdown")]
#[doc(alias = "close")]
pub trait Teardown: HasAttribute {
    /// The return type of [`teardown`](Self::teardown). `#[lifecycle::teardown]` writes it.
    type Output: TeardownOutput;

    /// The fields that `teardown` names, for the lint. Without the constant all fields count as named.
    #[doc(hidden)]
    const __LIFECYCLE_TOUCHED: Touched = Touched::Any;

    /// Releases what this resource holds. The report lists an error, and the other teardowns go on.
    fn teardown(&self) -> impl Future<Output = Self::Output> + Send;

    #[doc(hidden)]
    fn __lifecycle_own(&self) -> Step<'_>
    where
        Self: Resource,
    {
        Box::pin(async { self.teardown().await.into_result() })
    }
}

/// A type with an `impl Teardown`. The bound of its only impl is not seen in errors, and does not ask for
/// [`HasAttribute`]: the error about a missing attribute is at the impl alone.
#[diagnostic::on_unimplemented(
    message = "lifecycle::lints::missing_teardown: nothing says how `{Self}` is released",
    label = "no `impl Teardown`, no field with `#[teardown(..)]`, no `no_teardown = \"..\"`",
    note = "if a method of a field releases it, name the method on the field: `#[teardown(close)]`",
    note = "if it takes more than one call, write `#[lifecycle::teardown] impl Teardown for {Self}`",
    note = "if there is nothing to release, say why: `#[lifecycle::resource(no_teardown = \"..\")]`"
)]
pub trait HasTeardown: Resource {
    /// Begins the teardown.
    fn own(&self) -> Step<'_>;
}

#[diagnostic::do_not_recommend]
impl<T: Teardown + Resource> HasTeardown for T {
    fn own(&self) -> Step<'_> {
        self.__lifecycle_own()
    }
}

/// A type whose `impl Teardown` has the attribute. Only the attribute implements this trait.
#[diagnostic::on_unimplemented(
    message = "lifecycle::lints::bad_attribute: the `impl Teardown for {Self}` is not complete",
    label = "put `#[lifecycle::teardown]` above this impl",
    note = "the attribute writes `type Output`, and tells the lint `unreleased_field` which fields the body names"
)]
pub trait HasAttribute {}

/// A type with [`#[lifecycle::resource]`](macro@crate::resource). Only the attribute implements this trait.
#[diagnostic::on_unimplemented(
    message = "lifecycle::lints::not_a_resource: `{Self}` is not a resource",
    label = "not a resource",
    note = "put `#[lifecycle::resource]` on the struct `{Self}`; wrap a type of another crate in a struct of your own"
)]
pub trait Resource: Generated + Sized + Send + Sync + 'static {
    #[doc(hidden)]
    const LINK: Link;

    #[doc(hidden)]
    const DECLARATION: &'static Declaration = Self::LINK.get();

    /// Begins one step of the teardown of one instance.
    #[doc(hidden)]
    fn __lifecycle_step<'a>(this: &'a Self, handle: &'a Managed<Self>, step: usize) -> Step<'a>;

    /// Asks one instance whether it is ready. Called only if the declaration has a check.
    #[doc(hidden)]
    fn __lifecycle_ready(_this: &Self) -> Step<'_> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Begins the hook at the notice. It is called only if the declaration has one.
    #[doc(hidden)]
    fn __lifecycle_at_notice(_this: &Self) -> Step<'_> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Collects the instances of the same type that this one holds.
    #[doc(hidden)]
    fn __lifecycle_holds(&self, _held: &mut Held) {}
}

/// The seal of [`Resource`]: only generated code can name this trait.
pub trait Generated {}
