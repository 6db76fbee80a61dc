//! Reading a value whose type only the compiler knows.
//!
//! Each question is asked with a number of references in front; method lookup removes them one by one and takes the
//! first impl that fits, so an impl for `&&Probe<..>` comes before one for `&Probe<..>`.

#![expect(
    clippy::unused_self,
    clippy::mut_mut,
    reason = "the kind of a value is what its method is found by"
)]

use std::{
    fmt::{Debug, Display},
    future::{IntoFuture, ready},
};

use tokio::runtime::Handle;

use crate::resource::{Probe, Resource, Step, Teardown};

impl<T> Probe<T> {
    /// Asks the type of a value.
    pub fn value(_value: &T) -> Self {
        Self::NEW
    }
}

/// What a value is, for those that `AwaitedDisplay` does not fit.
pub trait ProbeStep {
    /// One of the kinds.
    type Kind;
    /// The kind as a value.
    fn __lifecycle_kind(self) -> Self::Kind;
}

/// A future of a `Result`, its error in words: the commonest, and so the one that is found at once.
#[derive(Debug)]
pub struct AwaitedDisplay;

impl<F: IntoFuture<Output = Result<T, E>>, T, E: Display> Probe<F> {
    /// The kind as a value.
    pub fn __lifecycle_kind(&mut self) -> AwaitedDisplay {
        AwaitedDisplay
    }
}

/// Each kind with the impl that finds it. For `(&mut Probe::value(&value)).__lifecycle_kind()` method lookup tries
/// `&mut Probe`, `&&mut Probe` and `&mut &mut Probe`, then `Probe` and `&Probe`, in this order.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident: [$($param:ident),*] $probe:ty, [$($bound:tt)*];)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $kind;

        #[diagnostic::do_not_recommend]
        impl<$($param),*> ProbeStep for $probe
        where
            $($bound)*
        {
            type Kind = $kind;

            fn __lifecycle_kind(self) -> $kind {
                $kind
            }
        }
    )*};
}

kinds! {
    /// A future of a `Result`, its error for debugging.
    AwaitedDebug: [F, T, E] &mut Probe<F>, [F: IntoFuture<Output = Result<T, E>>, E: Debug];
    /// A future of anything else.
    Awaited: [F] &&mut Probe<F>, [F: IntoFuture];
    /// A `Result`, its error in words.
    PlainDisplay: [T, E] &mut &mut Probe<Result<T, E>>, [E: Display];
    /// A `Result`, its error for debugging.
    PlainDebug: [T, E] Probe<Result<T, E>>, [E: Debug];
    /// Anything else.
    Plain: [T] &Probe<T>, [];
}

fn in_words<T, E: Display>(result: Result<T, E>) -> Result<(), String> {
    // The alternate form is what makes `anyhow` and its like print the causes too.
    result.map(drop).map_err(|error| format!("{error:#}"))
}

fn for_debugging<T, E: Debug>(result: Result<T, E>) -> Result<(), String> {
    result.map(drop).map_err(|error| format!("{error:?}"))
}

/// What each kind does with its value: as a step, or on a thread that may block.
macro_rules! awaited {
    ($kind:ident: [$($param:ident),*] $output:ty, [$($bound:tt)*] $read:expr) => {
        impl $kind {
            /// Waits for the value.
            pub fn settle<'a, F, $($param),*>(self, value: F) -> Step<'a>
            where
                F: IntoFuture<Output = $output>,
                F::IntoFuture: Send + 'a,
                $($bound)*
            {
                let future = value.into_future();
                Box::pin(async move { $read(future.await) })
            }

            /// Waits for the value, on a thread that may block.
            ///
            /// # Errors
            ///
            /// The text of the error that the value is.
            pub fn block<F, $($param),*>(self, value: F) -> Result<(), String>
            where
                F: IntoFuture<Output = $output>,
                $($bound)*
            {
                $read(Handle::current().block_on(value.into_future()))
            }
        }
    };
}

awaited!(AwaitedDisplay: [T, E] Result<T, E>, [E: Display] in_words);
awaited!(AwaitedDebug: [T, E] Result<T, E>, [E: Debug] for_debugging);
awaited!(Awaited: [T] T, [] |value| { drop(value); Ok(()) });

macro_rules! plain {
    ($kind:ident: [$($param:ident),*] $value:ty, [$($bound:tt)*] $read:expr) => {
        impl $kind {
            /// What is there.
            pub fn settle<$($param),*>(self, value: $value) -> Step<'static>
            where
                $($bound)*
            {
                Box::pin(ready($read(value)))
            }

            /// What is there.
            ///
            /// # Errors
            ///
            /// The text of the error that the value is.
            pub fn block<$($param),*>(self, value: $value) -> Result<(), String>
            where
                $($bound)*
            {
                $read(value)
            }
        }
    };
}

plain!(PlainDisplay: [T, E] Result<T, E>, [E: Display] in_words);
plain!(PlainDebug: [T, E] Result<T, E>, [E: Debug] for_debugging);
plain!(Plain: [T] T, [] |value| { drop(value); Ok(()) });

impl<T: Teardown + Resource> Probe<T> {
    /// Begins the `teardown` of the resource.
    pub const OWN: fn(&T) -> Step<'_> = T::__lifecycle_own;
}

/// The answer of a resource that has no `teardown` of its own: what is inherent comes first.
pub trait NoOwn<T> {
    /// Nothing to do.
    const OWN: fn(&T) -> Step<'_> = |_| Box::pin(ready(Ok(())));
}

#[diagnostic::do_not_recommend]
impl<T> NoOwn<T> for Probe<T> {}
