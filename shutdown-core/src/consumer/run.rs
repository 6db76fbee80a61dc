//! The loop: take, handle, answer for it; at the stop: cancel, finish, hand back.

use std::num::NonZeroUsize;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::future::{Either, select};
use tokio::runtime::Handle;

use super::hand::Hand;
use super::{ConsumeError, Consumer, Failed, Handled, LAST_WORD, Receipt, Source, Verdict};
use crate::engine::context::{self, Scoped};
use crate::engine::lifecycle::Lifecycle;
use crate::sequence::Event;
use crate::sync::catch::catch_async;

impl<S: Source> Consumer<S> {
    /// Takes messages until the stop begins, then goes the way to the end that the [module](super) describes.
    ///
    /// With a [`concurrency`](Consumer::concurrency), each handler runs in a task of its own. Implies
    /// [`ready`](crate::ready). To be awaited by `main`, or spawned by [`spawn_essential`](crate::spawn_essential), which
    /// makes its error the end of the service.
    ///
    /// # Errors
    ///
    /// If the source ends or fails before the stop; if messages could not be answered for. What is in hand is finished
    /// before. A message whose handler fails is no error of the consumer: the report counts them.
    ///
    /// # Panics
    ///
    /// Outside of a lifecycle. A handler's panic is one of the message: it counts as failed, and as a panicked task.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it leaves the source as it is: what is in hand goes on in tasks and is answered for, the rest the
    /// broker gives out again when the connection closes.
    pub async fn run<H, F>(mut self, handler: H) -> Result<(), ConsumeError>
    where
        H: Fn(S::Message) -> F,
        F: Future<Output: Handled> + Send + 'static,
    {
        let lifecycle = context::expect("consumer", Lifecycle::clone);
        let Some(hand) = Hand::open(&lifecycle, std::mem::take(&mut self.name)) else { return Ok(()) };
        let _closed = Closed(Arc::clone(&hand));
        let taken = self.take(&lifecycle, &hand, &handler).await;
        // Also when it ended by itself: what was sent ahead is not ours any more.
        let given_back = self.give_back(&lifecycle, &hand).await;
        hand.close();
        hand.empty().await;
        let finished = self.source.finish().await.map_err(ConsumeError::Source);
        taken.and(given_back).and(hand.take_unanswered()).and(finished)
    }

    async fn take<H, F>(
        &mut self,
        lifecycle: &Lifecycle,
        hand: &Arc<Hand>,
        handler: &H,
    ) -> Result<(), ConsumeError>
    where
        H: Fn(S::Message) -> F,
        F: Future<Output: Handled> + Send + 'static,
    {
        let mut stop = lifecycle.notices().stopping.wait();
        let room = Arc::new(tokio::sync::Semaphore::new(self.concurrency.get()));
        let mut here = InHand(Box::pin(None));
        loop {
            let next = async {
                let place = Arc::clone(&room).acquire_owned().await;
                (place, self.source.next().await)
            };
            // The stop goes first, so that nothing is taken once it has begun.
            let (place, taken) = match select(&mut stop, pin!(next)).await {
                Either::Left(_) => {
                    hand.stay(lifecycle);
                    return Ok(());
                }
                Either::Right((next, _)) => next,
            };
            let (message, receipt) = match taken {
                Some(Ok(taken)) => taken,
                Some(Err(error)) => return Err(ConsumeError::Source(error)),
                None => return Err(ConsumeError::Ended),
            };
            let Some(pass) = hand.pass() else { return Ok(()) };
            let work = handle(handler(message), receipt, self.failed, lifecycle.clone(), Arc::clone(hand));
            let work = Scoped::new(lifecycle.clone(), async move {
                work.await;
                drop((place, pass));
            });
            if self.concurrency > NonZeroUsize::MIN {
                tokio::spawn(work);
                continue;
            }
            // One after the other, they would go to and fro between two tasks, which costs more than all the rest.
            here.0.set(Some(work));
            if let Either::Left(_) = select(&mut stop, &mut here).await {
                hand.stay(lifecycle);
                return Ok(());
            }
        }
    }

    /// Tells the broker that nothing more is wanted, and hands back what was sent ahead.
    async fn give_back(&mut self, lifecycle: &Lifecycle, hand: &Arc<Hand>) -> Result<(), ConsumeError> {
        let ended = async {
            let cancelled = self.source.cancel().await.map_err(ConsumeError::Source);
            while let Some(Ok((_, receipt))) = self.source.next().await {
                hand.note_receipt(receipt.hand_back().await);
            }
            cancelled
        };
        // A broker that does not answer has until the end of the drain.
        match select(pin!(ended), lifecycle.notices().work_cut.wait()).await {
            Either::Left((ended, _)) => ended,
            Either::Right(_) => {
                Err(ConsumeError::Source("the broker did not confirm the cancellation".into()))
            }
        }
    }
}

/// The work on one message, in memory that the next one has again. What of it is left when this is dropped goes on in a
/// task: not where it was taken, which may be dropped at the cut, and has to hand back the rest meanwhile.
struct InHand<F: Future<Output = ()> + Send + 'static>(Pin<Box<Option<F>>>);

impl<F: Future<Output = ()> + Send + 'static> Future for InHand<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(work) = self.0.as_mut().as_pin_mut() {
            ready!(work.poll(cx));
            self.0.set(None);
        }
        Poll::Ready(())
    }
}

impl<F: Future<Output = ()> + Send + 'static> Drop for InHand<F> {
    fn drop(&mut self) {
        if self.0.is_some()
            && let Ok(runtime) = Handle::try_current()
        {
            let mut left = std::mem::replace(&mut self.0, Box::pin(None));
            runtime.spawn(async move {
                if let Some(work) = left.as_mut().as_pin_mut() {
                    work.await;
                }
            });
        }
    }
}

/// Closes the hand, also where `run` is dropped.
struct Closed(Arc<Hand>);

impl Drop for Closed {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Handles one message, and answers for it.
async fn handle<F, R>(handling: F, receipt: R, failed: Failed, lifecycle: Lifecycle, hand: Arc<Hand>)
where
    F: Future<Output: Handled>,
    R: Receipt,
{
    let mut cut_off = lifecycle.notices().work_cut.wait();
    let handled = {
        // As words, since an error need not be `Send`.
        let handling = async { handling.await.into_verdict() };
        let handling = pin!(catch_async(handling));
        match select(handling, &mut cut_off).await {
            Either::Left((handled, _)) => Some(handled),
            // Its time is up: the handler is dropped here.
            Either::Right(_) => None,
        }
    };
    let verdict = match handled {
        Some(Ok(Ok(verdict))) => verdict,
        Some(Ok(Err(error))) => {
            hand.note_failure(&error);
            failed.verdict()
        }
        Some(Err(panic)) => {
            lifecycle.on(Event::TaskPanicked);
            hand.note_failure(&panic.message());
            failed.verdict()
        }
        None => {
            let last_word = tokio::time::timeout(LAST_WORD, receipt.hand_back()).await;
            hand.note_receipt(last_word.unwrap_or_else(|late| Err(late.into())));
            return;
        }
    };
    let answer = async {
        match verdict {
            Verdict::Done => receipt.ack().await,
            Verdict::HandBack => receipt.put_off().await,
            Verdict::Discard => receipt.discard().await,
        }
    };
    match select(pin!(answer), cut_off).await {
        Either::Left((answered, _)) => hand.note_receipt(answered),
        Either::Right(_) => hand.note_receipt(Err("the broker did not take the answer for a message".into())),
    }
}
