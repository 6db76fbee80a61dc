//! What a teardown may return.

use std::fmt::Display;

/// The return type of a teardown: `()`, or a `Result` whose error is `Display`.
#[diagnostic::on_unimplemented(
    message = "lifecycle::lints::bad_attribute: a teardown cannot return `{Self}`",
    label = "neither `()` nor a `Result` whose error is `Display`",
    note = "return `()`, or `Result<(), E>` where `E: Display`; convert another error with \
            `.map_err(|error| format!(\"{{error:?}}\"))`"
)]
pub trait TeardownOutput: sealed::Sealed {
    #[doc(hidden)]
    fn into_result(self) -> Result<(), String>;
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for () {}
    impl<T, E> Sealed for Result<T, E> {}
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
        displayed(self)
    }
}

/// Returns the error of a result as text.
pub(crate) fn displayed<T, E: Display>(result: Result<T, E>) -> Result<(), String> {
    // In the alternate form `anyhow` and similar types print the causes too.
    result.map(drop).map_err(|error| format!("{error:#}"))
}
