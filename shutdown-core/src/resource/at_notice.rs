//! The value of a hook at the notice: of the method in `#[lifecycle::resource(at_notice = ..)]` (R31).

use std::fmt::Display;
use std::future::{IntoFuture, ready};

use super::called::{Awaited, NotAwaited};
use super::output::displayed;
use super::steps::Step;

/// The return type of the method in `at_notice`.
#[diagnostic::on_unimplemented(
    message = "lifecycle::lints::bad_attribute: the method in `at_notice` cannot return `{Self}`",
    label = "neither `()` nor a `Result<(), E>` whose error is `Display`",
    note = "return `()`, or `Result<(), E>` where `E: Display`; the method may be async"
)]
pub trait AtNoticeOutput {
    /// Returns the error as text.
    ///
    /// # Errors
    ///
    /// If the value is an error.
    fn into_result(self) -> Result<(), String>;
}

#[diagnostic::do_not_recommend]
impl AtNoticeOutput for () {
    fn into_result(self) -> Result<(), String> {
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl<E: Display> AtNoticeOutput for Result<(), E> {
    fn into_result(self) -> Result<(), String> {
        displayed(self)
    }
}

#[expect(clippy::unused_self, reason = "the kind chooses the method")]
impl Awaited {
    /// Awaits the value of the method, and reads it.
    pub fn settle<'a, F>(self, value: F) -> Step<'a>
    where
        F: IntoFuture<Output: AtNoticeOutput>,
        F::IntoFuture: Send + 'a,
    {
        let future = value.into_future();
        Box::pin(async move { future.await.into_result() })
    }
}

#[expect(clippy::unused_self, reason = "the kind chooses the method")]
impl NotAwaited {
    /// Reads the value of the method.
    pub fn settle<T: AtNoticeOutput>(self, value: T) -> Step<'static> {
        Box::pin(ready(value.into_result()))
    }
}
