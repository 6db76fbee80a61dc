//! Reads the value of a call such as `#[teardown(close)]`: a future or not, a `Result` or not.
//!
//! Only the compiler knows the type of the value. Generated code asks with a number of references in front of the
//! question. Method lookup removes them one by one and takes the first impl that fits, so an impl for `&&Probe<..>`
//! wins over one for `&Probe<..>`.

#![expect(clippy::mut_mut, reason = "the references decide which impl is found")]

use std::fmt::{Debug, Display};
use std::future::{IntoFuture, ready};

use tokio::runtime::Handle;

use crate::resource::holds::Probe;
use crate::resource::output::displayed;
use crate::resource::steps::Step;

impl<T> Probe<T> {
    /// Asks for the type of a value.
    pub fn value(_value: &T) -> Self {
        Self::NEW
    }
}

/// The kind of a value that is not `AwaitedDisplay`.
pub trait ProbeStep {
    /// One of the kinds.
    type Kind;
    /// Returns the kind.
    fn __lifecycle_kind(self) -> Self::Kind;
}

/// A future of a `Result` whose error is `Display`. It is the most common kind, so its method is inherent.
#[derive(Debug)]
pub struct AwaitedDisplay;

impl<F: IntoFuture<Output = Result<T, E>>, T, E: Display> Probe<F> {
    /// Returns the kind.
    pub fn __lifecycle_kind(&mut self) -> AwaitedDisplay {
        AwaitedDisplay
    }
}

/// Each kind, with the impl that finds it. For `(&mut Probe::value(&value)).__lifecycle_kind()` method lookup tries
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
    /// A future of a `Result` whose error is `Debug`.
    AwaitedDebug: [F, T, E] &mut Probe<F>, [F: IntoFuture<Output = Result<T, E>>, E: Debug];
    /// A future of any other value.
    Awaited: [F] &&mut Probe<F>, [F: IntoFuture];
    /// A `Result` whose error is `Display`.
    PlainDisplay: [T, E] &mut &mut Probe<Result<T, E>>, [E: Display];
    /// A `Result` whose error is `Debug`.
    PlainDebug: [T, E] Probe<Result<T, E>>, [E: Debug];
    /// Any other value.
    Plain: [T] &Probe<T>, [];
}

fn debugged<T, E: Debug>(result: Result<T, E>) -> Result<(), String> {
    result.map(drop).map_err(|error| format!("{error:?}"))
}

/// What each kind does with its value: as a step, or on a blocking thread.
macro_rules! awaited {
    ($kind:ident: [$($param:ident),*] $output:ty, [$($bound:tt)*] $read:expr) => {
        impl $kind {
            /// Awaits the value.
            pub fn settle<'a, F, $($param),*>(self, value: F) -> Step<'a>
            where
                F: IntoFuture<Output = $output>,
                F::IntoFuture: Send + 'a,
                $($bound)*
            {
                let future = value.into_future();
                Box::pin(async move { $read(future.await) })
            }

            /// Awaits the value, on a blocking thread.
            ///
            /// # Errors
            ///
            /// Returns the text of the error.
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

awaited!(AwaitedDisplay: [T, E] Result<T, E>, [E: Display] displayed);
awaited!(AwaitedDebug: [T, E] Result<T, E>, [E: Debug] debugged);
awaited!(Awaited: [T] T, [] |value| { drop(value); Ok(()) });

macro_rules! plain {
    ($kind:ident: [$($param:ident),*] $value:ty, [$($bound:tt)*] $read:expr) => {
        impl $kind {
            /// Reads the value.
            pub fn settle<$($param),*>(self, value: $value) -> Step<'static>
            where
                $($bound)*
            {
                Box::pin(ready($read(value)))
            }

            /// Reads the value.
            ///
            /// # Errors
            ///
            /// Returns the text of the error.
            pub fn block<$($param),*>(self, value: $value) -> Result<(), String>
            where
                $($bound)*
            {
                $read(value)
            }
        }
    };
}

plain!(PlainDisplay: [T, E] Result<T, E>, [E: Display] displayed);
plain!(PlainDebug: [T, E] Result<T, E>, [E: Debug] debugged);
plain!(Plain: [T] T, [] |value| { drop(value); Ok(()) });
