//! What a resource is: a declaration, known at link time, and the code that releases one instance.

mod declaration;
pub(crate) mod declared;
mod failures;
mod holds;
mod link;
pub(crate) mod managed;
mod mark;
pub(crate) mod redundant;
pub(crate) mod slot;
mod steps;

use std::{fmt::Display, future::Future};

pub use crate::report::{Failure, FailureKind};
pub use declaration::{Declaration, Edge, Generic, Need, NeedReason, Needs, Registered, link};
use failures::Failures;
pub use holds::{Held, Holds, HoldsNothing, Probe, ProbeField};
pub use link::{Joined, Link};
pub(crate) use mark::{Mark, marks};
pub(crate) use steps::release;
pub use steps::{Step, blocking, later};

use crate::lint::leak;
use crate::resource::managed::Managed;
use crate::sequence::InstanceId;

/// How a resource is torn down.
///
/// Write it with [`#[lifecycle::teardown]`](macro@crate::teardown) on the impl, which fills in
/// [`Output`](Self::Output) from the signature.
///
/// It gets `&self`, since others may still hold a clone of the handle; what is released by value goes into a
/// [`Slot`](crate::Slot).
#[diagnostic::on_unimplemented(
    message = "lifecycle::lints::missing_teardown: nothing says how `{Self}` is released",
    label = "no `impl Teardown`, no field with `#[teardown(..)]`, no `no_teardown = \"..\"`",
    note = "if a field has a method that releases it, name it on the field: `#[teardown(close)]`",
    note = "if it takes more than a call, write `#[lifecycle::teardown] impl Teardown for {Self}`",
    note = "if there is nothing to release, say why: `#[lifecycle::resource(no_teardown = \"..\")]`"
)]
pub trait Teardown {
    /// What [`teardown`](Self::teardown) returns; `#[lifecycle::teardown]` fills it in.
    type Output: TeardownOutput;

    /// The fields that `teardown` names, for the lint; an impl without the attribute is believed to release all.
    #[doc(hidden)]
    const __LIFECYCLE_TOUCHED: leak::Touched = leak::Touched::Any;

    /// Releases what this resource holds. An error is reported, and the teardown of the others goes on.
    fn teardown(&self) -> impl Future<Output = Self::Output> + Send
    where
        for<'a> Self: Granted<'a>;

    #[doc(hidden)]
    fn __lifecycle_own(&self) -> Step<'_>
    where
        Self: Resource,
    {
        Box::pin(async { self.teardown().await.into_result() })
    }
}

/// What a teardown may return: `()`, or a `Result` whose error can be displayed.
#[diagnostic::on_unimplemented(
    message = "lifecycle::lints::bad_attribute: a teardown cannot return `{Self}`",
    label = "neither `()` nor a `Result` whose error can be displayed",
    note = "return `()`, or `Result<(), E>` where `E: Display`; for another error, \
            `.map_err(|error| format!(\"{{error:?}}\"))`"
)]
pub trait TeardownOutput {
    /// The error in words, if it is one.
    ///
    /// # Errors
    ///
    /// The text of the error that the teardown returned.
    fn into_result(self) -> Result<(), String>;
}

#[diagnostic::do_not_recommend]
impl TeardownOutput for () {
    fn into_result(self) -> Result<(), String> {
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl<T, E: Display> TeardownOutput for Result<T, E> {
    fn into_result(self) -> Result<(), String> {
        // The alternate form is what makes `anyhow` and its like print the causes too.
        self.map(drop).map_err(|error| format!("{error:#}"))
    }
}

/// `Send + Sync + 'static`, taken for granted.
///
/// The lifetime means nothing. Behind `for<'a>` rustc believes even a bound that does not hold, so that the methods
/// of a type that is not thread-safe report nothing, and of a dozen errors only that of the impl itself is left.
pub trait Granted<'a>: Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync + 'static> Granted<'_> for T {}

/// A type with [`#[lifecycle::resource]`](macro@crate::resource); nothing else implements it.
#[diagnostic::on_unimplemented(
    message = "lifecycle::lints::not_a_resource: `{Self}` is not a resource",
    label = "not a resource",
    note = "put `#[lifecycle::resource]` on the struct `{Self}`; a type of another crate goes into a struct of yours"
)]
pub trait Resource: Sized + Send + Sync + 'static {
    #[doc(hidden)]
    const LINK: Link;

    #[doc(hidden)]
    const DECLARATION: &'static Declaration = Self::LINK.get();

    /// Begins one step of the teardown of one instance.
    #[doc(hidden)]
    fn __lifecycle_step<'a>(this: &'a Self, handle: &'a Managed<Self>, step: usize) -> Step<'a>
    where
        for<'b> Self: Granted<'b>;

    /// The instances of the same type that this one holds.
    #[doc(hidden)]
    fn __lifecycle_holds(&self, _held: &mut Held) {}
}
