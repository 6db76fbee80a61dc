//! The value that a task or a thread has returned. An error in it is a failure of the teardown that waited for the task.

use std::any::{Any, type_name};
use std::error::Error;
use std::io;

use crate::resource::scope::unconfirmed;

/// Looks for an error in the output of a task. A `Result` whose type is not known here is unconfirmed (R22).
pub(super) fn read_output<T: 'static>(output: &T) -> Result<(), String> {
    let any: &dyn Any = output;
    macro_rules! known {
        ($($error:ty),+) => {$(
            if let Some(result) = any.downcast_ref::<Result<(), $error>>() {
                return match result {
                    Ok(()) => Ok(()),
                    Err(error) => Err(error.to_string()),
                };
            }
        )+};
    }
    known!(io::Error, String, &'static str, Box<dyn Error + Send + Sync>, Box<dyn Error + Send>);
    let name = type_name::<T>();
    if name.starts_with("core::result::Result<") {
        unconfirmed(format!("the task returned a `{name}`, which is not read here"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Lifecycle;

    #[test]
    fn an_error_of_a_known_type_is_a_failure() {
        let boxed: Box<dyn Error + Send + Sync> = "boxed".into();
        assert_eq!(read_output(&Err::<(), _>(boxed)), Err("boxed".to_owned()));
        assert_eq!(read_output(&Err::<(), _>("text")), Err("text".to_owned()));
        assert_eq!(read_output(&Err::<(), _>(io::Error::other("disk"))), Err("disk".to_owned()));
        assert_eq!(read_output(&Ok::<(), String>(())), Ok(()));
        assert_eq!(read_output(&7), Ok(()));
    }

    /// R22.
    #[tokio::test]
    async fn a_result_that_cannot_be_read_is_unconfirmed() {
        let run =
            async { Lifecycle::current().unwrap().defer("task", async || read_output(&Err::<u8, _>(3_u8))) };
        let report = Lifecycle::builder().run(run).await;
        let outcome = report.instances[0].outcome.to_string();
        assert_eq!(
            outcome,
            "unconfirmed: the task returned a `core::result::Result<u8, u8>`, which is not read here",
        );
    }
}
