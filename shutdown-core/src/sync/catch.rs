//! Catches the panics of user code, in a closure and in a future.
//!
//! A panic carries a payload, and the payload is a value of the user: its `Drop` may panic too. So there is one rule for
//! it, in [`Panic`]: the payload is dropped, because it may hold something that must be given back (a pass, R17), and it
//! is dropped under a second catch. The payload of a panic in that `Drop` is leaked, because it could panic again.

use std::any::Any;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

/// A panic that was caught.
pub(crate) struct Panic {
    /// Is there until the panic is resumed or dropped.
    payload: Option<Box<dyn Any + Send>>,
}

impl Panic {
    /// Returns the text that the panic was started with.
    pub(crate) fn message(&self) -> String {
        let payload = self.payload.as_deref();
        let text = payload.and_then(|payload| payload.downcast_ref::<&str>()).map(|text| (*text).to_owned());
        text.or_else(|| payload.and_then(|payload| payload.downcast_ref::<String>()).cloned())
            .unwrap_or_else(|| "a panic without a message".to_owned())
    }

    /// Lets the panic go on in the calling thread.
    pub(crate) fn resume(mut self) -> ! {
        resume_unwind(self.payload.take().expect("only `resume` and `drop` take the payload"))
    }
}

impl From<Box<dyn Any + Send>> for Panic {
    fn from(payload: Box<dyn Any + Send>) -> Panic {
        Panic { payload: Some(payload) }
    }
}

impl Drop for Panic {
    fn drop(&mut self) {
        let payload = self.payload.take();
        if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            mem::forget(again);
        }
    }
}

/// Runs `f`, and returns its result or its panic.
pub(crate) fn catch<R>(f: impl FnOnce() -> R) -> Result<R, Panic> {
    catch_unwind(AssertUnwindSafe(f)).map_err(Panic::from)
}

/// Runs `future`, and returns its output or its panic. The future is dropped under the catch as soon as it has ended.
pub(crate) fn catch_async<F: Future>(future: F) -> Catching<F> {
    Catching { future: Some(future) }
}

pin_project! {
    /// A future whose panic is a part of its output.
    #[must_use = "a future does nothing unless it is awaited"]
    pub(crate) struct Catching<F> {
        // Is there until it has ended.
        #[pin]
        future: Option<F>,
    }
}

impl<F: Future> Future for Catching<F> {
    type Output = Result<F::Output, Panic>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut future = self.project().future;
        let polled = catch(|| {
            let running = future.as_mut().as_pin_mut().expect("it is not polled after its end");
            let output = ready!(running.poll(cx));
            future.set(None);
            Poll::Ready(output)
        });
        match polled {
            Ok(polled) => polled.map(Ok),
            Err(panic) => {
                // The first panic is the one that is returned.
                drop(catch(|| future.set(None)));
                Poll::Ready(Err(panic))
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::future::{pending, ready};
    use std::panic::panic_any;
    use std::sync::Arc;

    use futures_util::FutureExt as _;

    use super::*;

    /// A value whose `Drop` panics with such a value again, `left` times.
    struct Bomb {
        left: usize,
        dropped: Arc<()>,
    }

    impl Drop for Bomb {
        fn drop(&mut self) {
            if self.left > 0 {
                panic_any(Bomb { left: self.left - 1, dropped: Arc::clone(&self.dropped) });
            }
        }
    }

    #[track_caller]
    fn message(caught: Result<(), Panic>) -> String {
        caught.expect_err("it panics").message()
    }

    #[test]
    fn a_panic_becomes_its_message() {
        assert_eq!(message(catch(|| panic!("plain"))), "plain");
        assert_eq!(message(catch(|| panic!("with {}", 1))), "with 1");
        assert_eq!(message(catch(|| panic_any(1))), "a panic without a message");
    }

    #[test]
    fn what_a_payload_holds_is_given_back() {
        let held = Arc::new(());
        let theirs = Arc::clone(&held);
        drop(catch(|| panic_any(theirs)));
        assert_eq!(Arc::strong_count(&held), 1);
    }

    #[test]
    fn a_payload_whose_drop_panics_harms_nobody() {
        let dropped = Arc::new(());
        for left in [1, 2, 3] {
            let bomb = Bomb { left, dropped: Arc::clone(&dropped) };
            drop(catch(|| panic_any(bomb)));
        }
    }

    #[test]
    fn a_panic_goes_on_with_its_own_payload() {
        let again = catch(|| catch(|| panic!("first")).unwrap_or_else(|panic: Panic| panic.resume()));
        assert_eq!(message(again), "first");
    }

    #[test]
    fn a_future_is_dropped_under_the_catch() {
        /// Ends at once, and panics when it is dropped.
        struct Loud;
        impl Future for Loud {
            type Output = ();
            fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
                Poll::Ready(())
            }
        }
        impl Drop for Loud {
            fn drop(&mut self) {
                panic!("dropped");
            }
        }
        let caught = catch_async(Loud).now_or_never().expect("it has ended");
        assert_eq!(message(caught), "dropped");
    }

    #[test]
    fn a_future_that_panics_and_panics_again_when_dropped_reports_the_first() {
        struct Twice;
        impl Future for Twice {
            type Output = ();
            fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
                panic!("polled")
            }
        }
        impl Drop for Twice {
            fn drop(&mut self) {
                panic!("dropped");
            }
        }
        let caught = catch_async(Twice).now_or_never().expect("it has ended");
        assert_eq!(message(caught), "polled");
    }

    #[test]
    fn a_future_without_a_panic_is_as_without_the_catch() {
        assert_eq!(catch_async(ready(7)).now_or_never().map(Result::ok), Some(Some(7)));
        assert!(catch_async(pending::<()>()).now_or_never().is_none());
    }
}
