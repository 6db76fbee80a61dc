//! The loop: take a message, handle it, acknowledge it. At the stop: cancel, finish, requeue.

use std::num::NonZeroUsize;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::future::{Either, select};
use tokio::runtime::Handle;

use super::in_progress::{InProgress, words_for};
use super::sealed::IntoVerdict as _;
use super::{ConsumeError, Consumer, HandlerOutput, OnFailure, Receipt, Source, Verdict};
use crate::edge::Edge;
use crate::resource::scope::LAST_WORD;
use crate::sync::catch::catch_async;

impl<S: Source> Consumer<S> {
    /// Takes messages until the stop begins, and then [ends](super#what-happens-at-the-stop).
    ///
    /// With a [`concurrency`](Consumer::concurrency), each handler runs in a task of its own. Calling it implies
    /// [`ready`](crate::ready). Await it in `main`, or pass it to [`spawn_essential`](crate::spawn_essential), so that its
    /// error ends the service.
    ///
    /// # Errors
    ///
    /// - [`ConsumeError::Ended`] or [`ConsumeError::Source`], if the source ends or fails before the stop. Messages in
    ///   progress are finished first.
    /// - [`ConsumeError::Unconfirmed`], if the broker may not have received an acknowledgement.
    ///
    /// A message whose handler fails is not an error of the consumer. The report counts these.
    ///
    /// # Panics
    ///
    /// Outside of a lifecycle. A handler that panics fails its message, and counts as a panicked task.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the source stays as it is. Messages in progress are finished in tasks and acknowledged.
    /// The broker delivers the others again when the connection closes.
    pub async fn run<H, F>(mut self, handler: H) -> Result<(), ConsumeError>
    where
        H: Fn(S::Message) -> F,
        F: Future<Output: HandlerOutput> + Send + 'static,
    {
        let edge = Edge::expect("consumer");
        let Some(registered) = edge.register(words_for(&self.name)) else { return Ok(()) };
        let in_progress = InProgress::new(registered.in_flight());
        let taken = self.take(&edge, &in_progress, &handler).await;
        // Also if it ended by itself: what the broker has sent ahead belongs to other consumers now.
        let requeued = self.requeue_rest(&edge, &in_progress).await;
        registered.finish().await;
        let finished = self.source.finish().await.map_err(ConsumeError::source);
        taken.and(requeued).and(in_progress.take_unconfirmed()).and(finished)
    }

    async fn take<H, F>(
        &mut self,
        edge: &Edge,
        in_progress: &Arc<InProgress>,
        handler: &H,
    ) -> Result<(), ConsumeError>
    where
        H: Fn(S::Message) -> F,
        F: Future<Output: HandlerOutput> + Send + 'static,
    {
        let mut stop = edge.stopping().wait();
        let room = Arc::new(tokio::sync::Semaphore::new(self.concurrency.get()));
        let mut current = CurrentMessage(Box::pin(None));
        loop {
            let next = async {
                let place = Arc::clone(&room).acquire_owned().await;
                (place, self.source.next().await)
            };
            // The stop is polled first, so that nothing is taken once it has begun.
            let (place, taken) = match select(&mut stop, pin!(next)).await {
                Either::Left(_) => {
                    in_progress.stay_for_last_words(edge);
                    return Ok(());
                }
                Either::Right((next, _)) => next,
            };
            let (message, receipt) = match taken {
                Some(Ok(taken)) => taken,
                Some(Err(error)) => return Err(ConsumeError::source(error)),
                None => return Err(ConsumeError::Ended),
            };
            let Some(pass) = in_progress.pass() else { return Ok(()) };
            let work =
                handle(handler(message), receipt, self.on_failure, edge.clone(), Arc::clone(in_progress));
            let work = edge.scope(async move {
                work.await;
                drop((place, pass));
            });
            if self.concurrency > NonZeroUsize::MIN {
                tokio::spawn(work);
                continue;
            }
            // In this task: to go back and forth between two tasks would cost more than everything else.
            current.0.set(Some(work));
            if let Either::Left(_) = select(&mut stop, &mut current).await {
                in_progress.stay_for_last_words(edge);
                return Ok(());
            }
        }
    }

    /// Cancels the subscription, and requeues the messages that were sent ahead.
    async fn requeue_rest(&mut self, edge: &Edge, in_progress: &Arc<InProgress>) -> Result<(), ConsumeError> {
        let requeued = async {
            let cancelled = self.source.cancel().await.map_err(ConsumeError::source);
            while let Some(Ok((_, receipt))) = self.source.next().await {
                in_progress.note_receipt(receipt.requeue().await);
            }
            cancelled
        };
        // A broker that does not answer has until the end of the drain.
        match select(pin!(requeued), edge.work_cut().wait()).await {
            Either::Left((requeued, _)) => requeued,
            Either::Right(_) => {
                Err(ConsumeError::source("the broker did not confirm the cancellation".into()))
            }
        }
    }
}

/// The work on one message, in memory that the next message uses again.
///
/// If this is dropped, the rest of the work goes on in a task. The future that took the message may be dropped when work
/// is cut, and has to requeue other messages meanwhile.
struct CurrentMessage<F: Future<Output = ()> + Send + 'static>(Pin<Box<Option<F>>>);

impl<F: Future<Output = ()> + Send + 'static> Future for CurrentMessage<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(work) = self.0.as_mut().as_pin_mut() {
            ready!(work.poll(cx));
            self.0.set(None);
        }
        Poll::Ready(())
    }
}

impl<F: Future<Output = ()> + Send + 'static> Drop for CurrentMessage<F> {
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

/// Handles one message, and acknowledges it.
async fn handle<F, R>(
    handling: F,
    receipt: R,
    on_failure: OnFailure,
    edge: Edge,
    in_progress: Arc<InProgress>,
) where
    F: Future<Output: HandlerOutput>,
    R: Receipt,
{
    let mut work_cut = edge.work_cut().wait();
    let handled = {
        // The error becomes its text in here, because it need not be `Send`.
        let handling = async { handling.await.into_verdict() };
        let handling = pin!(catch_async(handling));
        match select(handling, &mut work_cut).await {
            Either::Left((handled, _)) => Some(handled),
            // The time of the drain is up. The handler is dropped here.
            Either::Right(_) => None,
        }
    };
    let verdict = match handled {
        Some(Ok(Ok(verdict))) => verdict,
        Some(Ok(Err(error))) => {
            in_progress.note_failure(&error);
            on_failure.verdict()
        }
        Some(Err(panic)) => {
            in_progress.note_failure(&edge.task_panicked(&panic));
            on_failure.verdict()
        }
        None => {
            let last_word = tokio::time::timeout(LAST_WORD, receipt.requeue()).await;
            in_progress.note_receipt(last_word.unwrap_or_else(|late| Err(late.into())));
            return;
        }
    };
    let confirmed = async {
        match verdict {
            Verdict::Ack => receipt.ack().await,
            Verdict::Requeue => receipt.retry_later().await,
            Verdict::Reject => receipt.reject().await,
        }
    };
    match select(pin!(confirmed), work_cut).await {
        Either::Left((confirmed, _)) => in_progress.note_receipt(confirmed),
        Either::Right(_) => {
            in_progress.note_receipt(Err("the broker did not take the acknowledgement of a message".into()));
        }
    }
}
