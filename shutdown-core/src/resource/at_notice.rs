//! The value of a hook at the notice: of the method in `#[lifecycle::resource(at_notice = ..)]` (R31).
//!
//! Only the compiler knows whether the method is async. Generated code asks as in `release/returned.rs`.

use std::fmt::Display;
use std::future::ready;

use super::holds::Probe;
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

/// A method that is async.
#[derive(Debug)]
pub struct AtNoticeLater;

impl<F: Future> Probe<F> {
    /// Returns the kind of the method.
    pub fn __lifecycle_at_notice(&mut self) -> AtNoticeLater {
        AtNoticeLater
    }
}

/// The kind of a method that is not async.
pub trait ProbeAtNotice {
    /// Returns the kind of the method.
    fn __lifecycle_at_notice(self) -> AtNoticeNow;
}

/// A method that is not async.
#[derive(Debug)]
pub struct AtNoticeNow;

#[diagnostic::do_not_recommend]
impl<T> ProbeAtNotice for Probe<T> {
    fn __lifecycle_at_notice(self) -> AtNoticeNow {
        AtNoticeNow
    }
}

#[expect(clippy::unused_self, reason = "the kind decides which `settle` is called")]
impl AtNoticeLater {
    /// Awaits the value of the method.
    pub fn settle<'a, F>(self, value: F) -> Step<'a>
    where
        F: Future<Output: AtNoticeOutput> + Send + 'a,
    {
        Box::pin(async { value.await.into_result() })
    }
}

#[expect(clippy::unused_self, reason = "the kind decides which `settle` is called")]
impl AtNoticeNow {
    /// Reads the value of the method.
    pub fn settle(self, value: impl AtNoticeOutput) -> Step<'static> {
        Box::pin(ready(value.into_result()))
    }
}
