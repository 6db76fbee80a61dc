//! What a readiness check of a resource may return (R30).

use std::fmt::Display;
use std::future::{IntoFuture, ready};

use super::called::{Awaited, NotAwaited};
use super::output::displayed;
use super::steps::Step;

/// The return type of a readiness check, async or not: `()`, `bool`, or a `Result` of one of them whose error is
/// `Display`. The key `ready` of [`#[lifecycle::resource]`](macro@crate::resource#readiness) names the check.
///
/// | value | the instance |
/// |---|---|
/// | `()`, `true`, `Ok(())`, `Ok(true)` | is ready |
/// | `false`, `Ok(false)` | is not ready |
/// | `Err(error)` | is not ready, and `/readyz?verbose` has the text of the error |
///
/// A `Result` of a `Result`, such as the one of a time-out, is read to its innermost value. Any other value is an error of
/// the compiler, because a value that nobody reads may be the answer.
#[diagnostic::on_unimplemented(
    message = "lifecycle::lints::bad_attribute: a readiness check cannot return `{Self}`",
    label = "neither `()`, `bool`, nor a `Result` of them whose error is `Display`",
    note = "return `()`, `bool`, or `Result<(), E>` where `E: Display`; drop another value with `.map(drop)`, and convert \
            another error with `.map_err(|error| format!(\"{{error:?}}\"))`"
)]
pub trait ReadyOutput: sealed::Sealed {
    #[doc(hidden)]
    fn into_answer(self) -> Result<(), String>;
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for () {}
    impl Sealed for bool {}
    impl<T, E> Sealed for Result<T, E> {}
}

#[diagnostic::do_not_recommend]
impl ReadyOutput for () {
    fn into_answer(self) -> Result<(), String> {
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl ReadyOutput for bool {
    fn into_answer(self) -> Result<(), String> {
        if self { Ok(()) } else { Err("the check returned `false`".to_owned()) }
    }
}

#[diagnostic::do_not_recommend]
impl<T: ReadyOutput, E: Display> ReadyOutput for Result<T, E> {
    fn into_answer(self) -> Result<(), String> {
        match self {
            Ok(value) => value.into_answer(),
            Err(error) => displayed(Err::<(), E>(error)),
        }
    }
}

impl Awaited {
    /// Awaits the value, and reads it.
    #[expect(clippy::unused_self, reason = "the kind chooses the method")]
    pub fn answer<'a, F>(self, value: F) -> Step<'a>
    where
        F: IntoFuture<Output: ReadyOutput>,
        F::IntoFuture: Send + 'a,
    {
        let future = value.into_future();
        Box::pin(async move { future.await.into_answer() })
    }
}

impl NotAwaited {
    /// Reads the value.
    #[expect(clippy::unused_self, reason = "the kind chooses the method")]
    pub fn answer<T: ReadyOutput>(self, value: T) -> Step<'static> {
        Box::pin(ready(value.into_answer()))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// R30: what each value means.
    #[test]
    fn only_false_and_an_error_are_not_ready() {
        assert_eq!(().into_answer(), Ok(()));
        assert_eq!(true.into_answer(), Ok(()));
        assert_eq!(false.into_answer(), Err("the check returned `false`".to_owned()));
        assert_eq!(Ok::<_, String>(()).into_answer(), Ok(()));
        assert_eq!(Ok::<_, String>(true).into_answer(), Ok(()));
        assert_eq!(Ok::<_, String>(false).into_answer(), Err("the check returned `false`".to_owned()));
        assert_eq!(Err::<(), _>("refused").into_answer(), Err("refused".to_owned()));
        let within_a_time_out: Result<Result<(), &str>, &str> = Ok(Err("refused"));
        assert_eq!(within_a_time_out.into_answer(), Err("refused".to_owned()));
    }
}
