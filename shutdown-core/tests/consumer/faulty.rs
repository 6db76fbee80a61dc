//! A broker in memory whose source has one fault.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};

use lifecycle::consumer::conformance::{Broker, Limit};
use lifecycle::consumer::{Error, Receipt, Source};
use tokio::sync::Notify;

/// How many messages the broker sends ahead.
const AHEAD: usize = 8;

/// What a source does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    LosesMessage150,
    GivesMessage160Twice,
    SwapsMessages30And31,
    MissesTheWakeUp,
    EndsWhenEmpty,
    AwaitsWithAMessageInHand,
    WaitsAfterCancelBeforeTheFirstMessage,
    WaitsAfterEachCancel,
    GivesNewMessagesAfterCancel,
    ForgetsAcksAfterCancel,
    FailsAcksAfterCancel,
    ForgetsAck70,
    ForgetsEachAck,
    IgnoresAcksOfEarlierMessages,
    AcksAllEarlierMessages,
    AcksTwice,
    ForgetsRequeuesAfterCancel,
    AcksInsteadOfRequeue,
    AcksInsteadOfRetryLater,
    RequeuesInsteadOfReject,
    SendsAcksAtTheDrop,
    LosesTakenMessagesAtTheDrop,
    LosesMessagesSentAheadAtTheDrop,
    KeepsAcknowledgedMessages,
    FailsToFinish,
    FailsToGive,
    /// `retry_later` leaves the message with the source.
    RetriesByNextSource,
    /// A requeue goes back to this message, as in Kafka.
    RequeuesAllLaterMessages,
}

/// The queues of one broker, by their names.
pub(crate) struct InMemory {
    pub(crate) fault: Fault,
    pub(crate) limits: Vec<Limit>,
    pub(crate) partitions: u64,
    queues: Mutex<HashMap<String, Arc<Queue>>>,
}

impl InMemory {
    pub(crate) fn with(fault: Fault) -> InMemory {
        InMemory { fault, limits: Vec::new(), partitions: 1, queues: Mutex::default() }
    }

    fn queue(&self, name: &str) -> Arc<Queue> {
        Arc::clone(&self.queues.lock().unwrap()[name])
    }
}

#[derive(Default)]
struct Queue {
    waiting: Mutex<VecDeque<u64>>,
    /// The messages that were acknowledged by a broker that keeps them.
    kept: Mutex<u64>,
    published: Notify,
}

impl Queue {
    fn give_back(&self, numbers: impl DoubleEndedIterator<Item = u64>) {
        let mut waiting = self.waiting.lock().unwrap();
        numbers.rev().for_each(|number| waiting.push_front(number));
        drop(waiting);
        self.published.notify_waiters();
    }
}

impl Broker for InMemory {
    type Source = Connection;

    async fn create(&self, queue: &str) -> Result<(), Error> {
        self.queues.lock().unwrap().insert(queue.to_owned(), Arc::default());
        Ok(())
    }

    async fn publish(&self, queue: &str, numbers: Range<u64>) -> Result<(), Error> {
        let queue = self.queue(queue);
        queue.waiting.lock().unwrap().extend(numbers);
        queue.published.notify_waiters();
        Ok(())
    }

    async fn open(&self, queue: &str) -> Result<Connection, Error> {
        let open = Open { queue: self.queue(queue), fault: self.fault, state: Mutex::default() };
        Ok(Connection { open: Arc::new(open) })
    }

    fn number(&self, message: &u64) -> Option<u64> {
        Some(*message)
    }

    async fn left(&self, queue: &str) -> Result<Option<u64>, Error> {
        let queue = self.queue(queue);
        let kept = *queue.kept.lock().unwrap();
        let waiting = queue.waiting.lock().unwrap().len() as u64;
        Ok(Some(waiting + kept))
    }

    fn partition(&self, number: u64) -> u64 {
        number % self.partitions
    }

    fn limits(&self) -> &[Limit] {
        &self.limits
    }
}

/// A source. Its drop ends the connection.
pub(crate) struct Connection {
    open: Arc<Open>,
}

struct Open {
    queue: Arc<Queue>,
    fault: Fault,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    ahead: VecDeque<u64>,
    /// The messages that were given and are not acknowledged.
    taken: BTreeSet<u64>,
    is_cancelled: bool,
    given: u64,
    acks: u64,
    acked: BTreeSet<u64>,
    last_acked: u64,
    /// Acknowledgements that are sent at the drop.
    unsent: BTreeSet<u64>,
}

impl Open {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Gives the next message that was sent ahead. Without one, the broker sends more.
    fn take(&self) -> Option<u64> {
        let mut state = self.state();
        if state.ahead.is_empty() && (!state.is_cancelled || self.fault == Fault::GivesNewMessagesAfterCancel)
        {
            let mut waiting = self.queue.waiting.lock().unwrap();
            let sent = waiting.len().min(AHEAD);
            state.ahead.extend(waiting.drain(..sent));
            if self.fault == Fault::SwapsMessages30And31
                && let Some(at) = state.ahead.iter().position(|number| *number == 30)
                && at + 1 < state.ahead.len()
            {
                state.ahead.swap(at, at + 1);
            }
        }
        let number = state.ahead.pop_front()?;
        state.given += 1;
        if self.fault == Fault::GivesMessage160Twice && state.given == 160 {
            state.ahead.push_front(number);
        }
        Some(number)
    }
}

impl Source for Connection {
    type Message = u64;
    type Receipt = Taken;

    async fn next(&mut self) -> Option<Result<(u64, Taken), Error>> {
        let open = &self.open;
        let number = loop {
            let mut published = std::pin::pin!(open.queue.published.notified());
            published.as_mut().enable();
            if let Some(number) = open.take() {
                match open.fault {
                    Fault::LosesMessage150 if number == 150 => continue,
                    Fault::FailsToGive => return Some(Err("the wire is cut".into())),
                    _ => break number,
                }
            }
            let (is_cancelled, given) = {
                let state = open.state();
                (state.is_cancelled, state.given)
            };
            match open.fault {
                Fault::WaitsAfterEachCancel if is_cancelled => {}
                Fault::WaitsAfterCancelBeforeTheFirstMessage if is_cancelled && given == 0 => {}
                _ if is_cancelled => return None,
                Fault::EndsWhenEmpty => return None,
                Fault::MissesTheWakeUp => std::future::pending().await,
                _ => {}
            }
            published.await;
        };
        if open.fault == Fault::AwaitsWithAMessageInHand {
            tokio::task::yield_now().await;
        }
        open.state().taken.insert(number);
        Some(Ok((number, Taken { open: Arc::clone(open), number })))
    }

    async fn cancel(&mut self) -> Result<(), Error> {
        self.open.state().is_cancelled = true;
        self.open.queue.published.notify_waiters();
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), Error> {
        match self.open.fault {
            Fault::FailsToFinish => Err("the broker is gone".into()),
            // The broker gives the messages of these acknowledgements to the next source.
            Fault::SendsAcksAtTheDrop => {
                let unsent: Vec<u64> = self.open.state().unsent.iter().copied().collect();
                self.open.queue.give_back(unsent.into_iter());
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let mut state = self.open.state();
        let taken = std::mem::take(&mut state.taken).into_iter();
        let ahead = std::mem::take(&mut state.ahead);
        match self.open.fault {
            Fault::LosesTakenMessagesAtTheDrop => self.open.queue.give_back(ahead.into_iter()),
            Fault::LosesMessagesSentAheadAtTheDrop => self.open.queue.give_back(taken),
            _ => self.open.queue.give_back(taken.chain(ahead)),
        }
        let unsent = std::mem::take(&mut state.unsent);
        self.open.queue.waiting.lock().unwrap().retain(|number| !unsent.contains(number));
    }
}

/// A receipt.
pub(crate) struct Taken {
    open: Arc<Open>,
    number: u64,
}

impl Taken {
    fn give_back(self) {
        let mut state = self.open.state();
        if state.taken.remove(&self.number) {
            let mut back = BTreeSet::from([self.number]);
            if self.open.fault == Fault::RequeuesAllLaterMessages {
                back.extend(state.acked.split_off(&self.number));
            }
            self.open.queue.give_back(back.into_iter());
        }
    }
}

impl Receipt for Taken {
    async fn ack(self) -> Result<(), Error> {
        let Taken { open, number } = self;
        let mut state = open.state();
        state.acks += 1;
        let is_earlier = number < state.last_acked;
        state.last_acked = number;
        match open.fault {
            Fault::ForgetsEachAck => return Ok(()),
            Fault::ForgetsAck70 if state.acks == 70 => return Ok(()),
            Fault::ForgetsAcksAfterCancel if state.is_cancelled => return Ok(()),
            Fault::FailsAcksAfterCancel if state.is_cancelled => return Err("the channel is closed".into()),
            Fault::IgnoresAcksOfEarlierMessages if is_earlier => return Ok(()),
            Fault::AcksAllEarlierMessages => state.taken.retain(|taken| *taken > number),
            Fault::AcksTwice => drop(state.ahead.pop_front()),
            Fault::SendsAcksAtTheDrop => drop(state.unsent.insert(number)),
            Fault::KeepsAcknowledgedMessages => *open.queue.kept.lock().unwrap() += 1,
            _ => {}
        }
        state.taken.remove(&number);
        state.acked.insert(number);
        Ok(())
    }

    async fn requeue(self) -> Result<(), Error> {
        let is_cancelled = self.open.state().is_cancelled;
        match self.open.fault {
            Fault::AcksInsteadOfRequeue => self.ack().await,
            Fault::ForgetsRequeuesAfterCancel if is_cancelled => self.ack().await,
            _ => {
                self.give_back();
                Ok(())
            }
        }
    }

    async fn retry_later(self) -> Result<(), Error> {
        match self.open.fault {
            Fault::RetriesByNextSource => Ok(()),
            Fault::AcksInsteadOfRetryLater => self.ack().await,
            _ => {
                self.give_back();
                Ok(())
            }
        }
    }

    async fn reject(self) -> Result<(), Error> {
        match self.open.fault {
            Fault::RequeuesInsteadOfReject => {
                self.give_back();
                Ok(())
            }
            _ => self.ack().await,
        }
    }
}
