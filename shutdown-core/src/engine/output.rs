//! What `main` and an essential task may return.

use std::convert::Infallible;
use std::fmt;
use std::process::ExitCode;

use crate::report::MainOutcome;

/// The return type of the future of `main` and of an essential task.
///
/// | type | meaning |
/// |---|---|
/// | `()` | the future went well |
/// | [`ExitCode`] | a code other than success is a failure, and the exit status of a [`Process`](crate::Process) |
/// | [`Infallible`](std::convert::Infallible) | the future never returns |
/// | `Result<T, E>`, where `T` is one of these types and `E: Debug` | an error is a failure, and the report lists it |
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say whether it went well",
    label = "neither `()`, an `ExitCode`, nor a `Result` of these whose error is `Debug`",
    note = "return `()`, or `Result<(), E>` where `E: Debug`"
)]
pub trait MainOutput: sealed::Sealed {
    #[doc(hidden)]
    fn into_end(self) -> MainEnd;

    #[doc(hidden)]
    fn into_ending(self) -> MainOutcome
    where
        Self: Sized,
    {
        match self.into_end() {
            MainEnd::Ok => MainOutcome::Ok,
            MainEnd::Err(error) => MainOutcome::Failed { error },
            MainEnd::Code(code) if code == ExitCode::SUCCESS => MainOutcome::Ok,
            MainEnd::Code(_) => {
                MainOutcome::Failed { error: "an exit code other than success was returned".to_owned() }
            }
        }
    }
}

/// How `main` ended.
#[derive(Debug)]
pub enum MainEnd {
    /// `main` returned without an error.
    Ok,
    /// `main` returned this error, as its `Debug` text.
    Err(String),
    /// `main` returned an exit code.
    Code(ExitCode),
}

mod sealed {
    use std::convert::Infallible;
    use std::process::ExitCode;

    use super::MainEnd;

    pub trait Sealed {}

    impl Sealed for () {}
    impl Sealed for ExitCode {}
    impl Sealed for Infallible {}
    impl Sealed for MainEnd {}
    impl<T, E> Sealed for Result<T, E> {}
}

#[diagnostic::do_not_recommend]
impl MainOutput for () {
    fn into_end(self) -> MainEnd {
        MainEnd::Ok
    }
}

#[diagnostic::do_not_recommend]
impl MainOutput for ExitCode {
    fn into_end(self) -> MainEnd {
        MainEnd::Code(self)
    }
}

#[diagnostic::do_not_recommend]
impl MainOutput for Infallible {
    fn into_end(self) -> MainEnd {
        match self {}
    }
}

/// The output of the future that `#[lifecycle::main]` generates.
#[diagnostic::do_not_recommend]
impl MainOutput for MainEnd {
    fn into_end(self) -> MainEnd {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<T: MainOutput, E: fmt::Debug> MainOutput for Result<T, E> {
    fn into_end(self) -> MainEnd {
        match self {
            Ok(value) => value.into_end(),
            Err(error) => MainEnd::Err(format!("{error:?}")),
        }
    }
}
