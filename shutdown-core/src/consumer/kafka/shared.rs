//! What the source, its receipts and the thread of the member share.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::message::BorrowedMessage;
use rdkafka::{Message as _, error::KafkaError};
use tokio::sync::Notify;

use super::KafkaMessage;
use super::faults::ends_the_consumer;
use super::member::Membership;
use super::offsets::{Commit, Left, Offsets, Partition, Ticket};
use crate::consumer::Error;
use crate::sync::{lock, wait_timeout_while};

/// Of how many rejections one is logged.
const LOGGED_REJECTIONS: u64 = 100;

type Queue = PartitionQueue<Membership>;

/// The state of one member of a group.
///
/// Locks are taken in this order: `state`, the locks of the client, `woken`. The client calls back under its own locks.
pub(super) struct Shared {
    state: Mutex<State>,
    /// The partitions that have messages again. The client adds to it.
    woken: Mutex<Vec<Partition>>,
    /// Wakes `next`, and those who wait for the end.
    changed: Notify,
    /// Wakes the thread while it waits for handlers.
    settled: Condvar,
}

struct State {
    rebalance_wait: Duration,
    phase: Phase,
    /// The client has failed, and `next` has to say so.
    failed: Option<Error>,
    offsets: Offsets<KafkaMessage>,
    /// The messages that the client has fetched. Each queue keeps the client, so the thread removes all of them.
    queues: BTreeMap<Partition, Queue>,
    /// Messages that arrived in the common queue of the client, in their order.
    stray: Vec<(Partition, i64, KafkaMessage)>,
    /// The first commit that may not have reached the broker.
    unconfirmed: Option<String>,
    /// How many messages were rejected without a topic for dead letters.
    rejected: u64,
    /// Whether the source still waits for the last commit.
    is_awaited: bool,
    /// Whether the group has assigned partitions, or none, at least once.
    has_joined: bool,
}

enum Phase {
    Member,
    /// No message is given any more. Those that were given can be acknowledged.
    Leaving,
    Left,
}

/// What `next` gets.
pub(super) enum Taken {
    Message(Ticket, KafkaMessage),
    /// No message can be given before this instant, or before the next change.
    Nothing(Option<Instant>),
    Failed(Error),
    Over,
}

impl Shared {
    pub(super) fn new(rebalance_wait: Duration) -> Arc<Shared> {
        let state = State {
            rebalance_wait,
            phase: Phase::Member,
            failed: None,
            offsets: Offsets::new(),
            queues: BTreeMap::new(),
            stray: Vec::new(),
            unconfirmed: None,
            rejected: 0,
            is_awaited: true,
            has_joined: false,
        };
        Arc::new(Shared {
            state: Mutex::new(state),
            woken: Mutex::default(),
            changed: Notify::new(),
            settled: Condvar::new(),
        })
    }

    pub(super) fn set_width(&self, messages: usize) {
        lock(&self.state).offsets.set_width(messages);
    }

    pub(super) fn set_rebalance_wait(&self, longest: Duration) {
        lock(&self.state).rebalance_wait = longest;
    }

    /// Returns a future that ends at the next change. A change after this call counts.
    pub(super) fn changed(&self) -> tokio::sync::futures::Notified<'_> {
        self.changed.notified()
    }

    pub(super) fn take(&self, now: Instant) -> Taken {
        let mut state = lock(&self.state);
        if let Some(error) = state.failed.take() {
            return Taken::Failed(error);
        }
        match state.phase {
            Phase::Member => {}
            Phase::Leaving | Phase::Left => return Taken::Over,
        }
        let State { offsets, queues, stray, .. } = &mut *state;
        for partition in lock(&self.woken).drain(..) {
            offsets.wake(&partition);
        }
        let taken = offsets.take(now, |partition| {
            if let Some(at) = stray.iter().position(|(of, ..)| of == partition) {
                let (_, offset, message) = stray.remove(at);
                return Ok(Some((offset, message)));
            }
            queues.get(partition).map_or(Ok(None), fetch)
        });
        match taken {
            Ok(Some((ticket, message))) => Taken::Message(ticket, message),
            Ok(None) => Taken::Nothing(offsets.next_due()),
            Err(error) => Taken::Failed(error.into()),
        }
    }

    /// Acknowledges a message.
    pub(super) fn ack(&self, ticket: &Ticket) -> Result<(), Error> {
        let acknowledged = lock(&self.state).offsets.ack(ticket);
        self.settle();
        acknowledged.map_err(|_| {
            let partition = &ticket.partition;
            tracing::warn!(%partition, "a message was handled after its partition had been taken away");
            format!("a message was handled after its partition {partition} had been taken away").into()
        })
    }

    /// Takes a message back. A partition that was taken away needs nothing: its message is given to another member.
    /// Returns whether the member only waited for this message to leave.
    pub(super) fn again(&self, ticket: &Ticket, message: KafkaMessage, at: Instant) -> bool {
        let mut state = lock(&self.state);
        drop(state.offsets.again(ticket, message, at));
        let was_last = matches!(state.phase, Phase::Leaving) && state.offsets.out(|_| true) == 0;
        drop(state);
        self.settle();
        was_last
    }

    fn settle(&self) {
        self.settled.notify_all();
        self.changed.notify_waiters();
    }

    /// Ends giving messages. The thread leaves the group after each message that was given has its verdict.
    pub(super) fn leave(&self) {
        let mut state = lock(&self.state);
        if matches!(state.phase, Phase::Member) {
            state.phase = Phase::Leaving;
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// Waits until the member has left the group, for at most `limit`.
    ///
    /// # Errors
    ///
    /// If the broker may not have an offset.
    pub(super) async fn left_within(&self, limit: Duration) -> Result<(), Error> {
        if let Ok(left) = tokio::time::timeout(limit, self.left()).await {
            return left;
        }
        lock(&self.state).is_awaited = false;
        let what = match self.uncommitted_messages() {
            0 => "that the consumer leaves its group".to_owned(),
            messages => format!("the offsets of {messages} handled messages, which may be delivered again"),
        };
        Err(format!("the broker did not confirm within {limit:?} {what}").into())
    }

    /// Waits until the group has assigned partitions, or the member leaves.
    pub(super) async fn joined(&self) {
        loop {
            let mut changed = std::pin::pin!(self.changed());
            changed.as_mut().enable();
            {
                let state = lock(&self.state);
                if state.has_joined || !matches!(state.phase, Phase::Member) {
                    return;
                }
            }
            changed.await;
        }
    }

    /// Waits until the member has left the group.
    pub(super) async fn over(&self) {
        loop {
            let mut changed = std::pin::pin!(self.changed());
            changed.as_mut().enable();
            if matches!(lock(&self.state).phase, Phase::Left) {
                return;
            }
            changed.await;
        }
    }

    async fn left(&self) -> Result<(), Error> {
        loop {
            let mut changed = std::pin::pin!(self.changed());
            changed.as_mut().enable();
            if let Some(left) = self.has_left() {
                return left;
            }
            changed.await;
        }
    }

    fn has_left(&self) -> Option<Result<(), Error>> {
        let mut state = lock(&self.state);
        match state.phase {
            Phase::Left => Some(state.unconfirmed.take().map_or(Ok(()), |text| Err(text.into()))),
            Phase::Member | Phase::Leaving => None,
        }
    }

    /// Returns how many acknowledged messages are not committed.
    pub(super) fn uncommitted_messages(&self) -> u64 {
        self.uncommitted(|_| true).iter().map(|commit| commit.messages).sum()
    }

    /// Logs one of 100 messages that were rejected, as a queue may be full of them.
    pub(super) fn log_rejected(&self, ticket: &Ticket) {
        let mut state = lock(&self.state);
        state.rejected += 1;
        let count = state.rejected;
        drop(state);
        if count % LOGGED_REJECTIONS == 1 {
            let partition = &ticket.partition;
            tracing::warn!(%partition, count, "a message was rejected and is lost, because no topic for dead letters is configured");
        }
    }
}

/// What the thread of the member calls.
impl Shared {
    pub(super) fn rebalance_wait(&self) -> Duration {
        lock(&self.state).rebalance_wait
    }

    pub(super) fn is_leaving(&self) -> bool {
        matches!(lock(&self.state).phase, Phase::Leaving)
    }

    /// Returns whether the source still waits for the last commit.
    pub(super) fn is_awaited(&self) -> bool {
        lock(&self.state).is_awaited
    }

    /// Returns whether the member has to leave, and every message that was given has its verdict.
    pub(super) fn may_leave(&self) -> bool {
        let state = lock(&self.state);
        matches!(state.phase, Phase::Leaving) && state.offsets.out(|_| true) == 0
    }

    pub(super) fn fail(&self, error: Error) {
        lock(&self.state).failed.get_or_insert(error);
        self.changed.notify_waiters();
    }

    /// The member has left the group, or its thread has ended.
    pub(super) fn set_left(&self) {
        let mut state = lock(&self.state);
        if matches!(state.phase, Phase::Member) {
            state.failed.get_or_insert("the thread of the Kafka client has ended".into());
        }
        state.phase = Phase::Left;
        drop(state);
        self.changed.notify_waiters();
    }

    /// The group has assigned its partitions.
    pub(super) fn set_joined(&self) {
        lock(&self.state).has_joined = true;
        self.changed.notify_waiters();
    }

    /// Adds a partition, with the queue of its messages.
    pub(super) fn assign(self: &Arc<Shared>, partition: &Partition, queue: Option<Queue>) {
        let mut state = lock(&self.state);
        state.offsets.assign(partition.clone());
        let Some(mut queue) = queue else { return };
        let (shared, woken) = (Arc::downgrade(self), partition.clone());
        queue.set_nonempty_callback(move || {
            if let Some(shared) = shared.upgrade() {
                lock(&shared.woken).push(woken.clone());
                shared.changed.notify_waiters();
            }
        });
        let replaced = state.queues.insert(partition.clone(), queue);
        drop(state);
        drop(replaced);
        self.changed.notify_waiters();
    }

    /// Ends giving messages of these partitions, and waits for those that were given.
    pub(super) fn revoke(&self, partitions: &[Partition], limit: Duration) {
        let mut state = lock(&self.state);
        state.offsets.revoke(partitions);
        let running = |state: &mut State| state.offsets.out(|partition| partitions.contains(partition)) > 0;
        drop(wait_timeout_while(&self.settled, state, limit, running));
    }

    /// Removes these partitions.
    pub(super) fn remove(&self, partitions: &[Partition]) -> Left {
        let mut all = Left::default();
        let mut state = lock(&self.state);
        for partition in partitions {
            let left = state.offsets.remove(partition);
            all.out += left.out;
            all.repeated += left.repeated;
        }
        state.stray.retain(|(of, ..)| !partitions.contains(of));
        let removed: Vec<_> = partitions.iter().filter_map(|of| state.queues.remove(of)).collect();
        drop(state);
        drop(removed);
        all
    }

    /// Removes the queues, which keep the client.
    pub(super) fn remove_queues(&self) {
        let queues = std::mem::take(&mut lock(&self.state).queues);
        drop(queues);
    }

    pub(super) fn uncommitted(&self, of: impl Fn(&Partition) -> bool) -> Vec<Commit> {
        lock(&self.state).offsets.uncommitted(of)
    }

    pub(super) fn confirm(&self, commits: &[Commit]) {
        let mut state = lock(&self.state);
        for commit in commits {
            state.offsets.confirm(commit);
        }
    }

    /// Notes that the broker may not have an offset.
    pub(super) fn note_unconfirmed(&self, text: String) {
        tracing::warn!("{text}");
        lock(&self.state).unconfirmed.get_or_insert(text);
    }

    /// Adds a message that arrived in the common queue.
    pub(super) fn stray(&self, message: &BorrowedMessage<'_>) {
        let partition = Partition { topic: message.topic().into(), number: message.partition() };
        let stray = (partition.clone(), message.offset(), KafkaMessage::of(message));
        let mut state = lock(&self.state);
        state.stray.push(stray);
        state.offsets.wake(&partition);
        drop(state);
        self.changed.notify_waiters();
    }
}

/// Takes a message out of a queue, without waiting.
fn fetch(queue: &Queue) -> Result<Option<(i64, KafkaMessage)>, KafkaError> {
    loop {
        match queue.poll(Duration::ZERO) {
            Some(Ok(message)) => return Ok(Some((message.offset(), KafkaMessage::of(&message)))),
            Some(Err(error)) if ends_the_consumer(&error) => return Err(error),
            Some(Err(_)) => {}
            None => return Ok(None),
        }
    }
}
