//! What `main` and an essential task may return.

use std::fmt;

use crate::report::MainOutcome;

/// The return type of `main` and of an essential task: `()`, or a `Result` whose error is `Debug`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say whether it went well",
    label = "neither `()` nor a `Result` whose error is `Debug`",
    note = "return `()`, or `Result<(), E>` where `E: Debug`"
)]
pub trait MainOutput: sealed::Sealed {
    #[doc(hidden)]
    fn into_ending(self) -> MainOutcome;
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for () {}
    impl<T, E> Sealed for Result<T, E> {}
}

#[diagnostic::do_not_recommend]
impl MainOutput for () {
    fn into_ending(self) -> MainOutcome {
        MainOutcome::Ok
    }
}

#[diagnostic::do_not_recommend]
impl<T, E: fmt::Debug> MainOutput for Result<T, E> {
    fn into_ending(self) -> MainOutcome {
        self.map_or_else(|error| MainOutcome::Failed { error: format!("{error:?}") }, |_| MainOutcome::Ok)
    }
}
