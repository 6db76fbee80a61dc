//! The bookkeeping of a group member: which messages were given, which are done, and what may be committed.
//!
//! It has no clock, no thread and no broker. Invariants:
//!
//! - O1. A commit never passes a message that is not acknowledged.
//! - O2. At most `width` messages of a partition are between the commit and the last given message. With a width of 1, a
//!   message is given after the message before it is acknowledged.
//! - O3. A message that is requeued is given again before later messages of its partition are fetched.
//! - O4. A verdict counts only in the assignment in which its message was given.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;
use std::time::Instant;

/// A partition of a topic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Partition {
    pub(super) topic: Arc<str>,
    pub(super) number: i32,
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.topic, self.number)
    }
}

/// A message that was given, and waits for its verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ticket {
    pub(super) partition: Partition,
    /// The assignment in which it was given.
    generation: u64,
    offset: i64,
    /// How often the message was given before.
    pub(super) attempts: u32,
}

/// An offset to commit: the broker gives this message next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Commit {
    pub(super) partition: Partition,
    generation: u64,
    pub(super) offset: i64,
    /// How many messages are acknowledged by it.
    pub(super) messages: u64,
}

/// The verdict came too late: another member of the group handles the message again.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Late;

/// A message that the client has, with its offset.
pub(super) type Fetched<M, E> = Result<Option<(i64, M)>, E>;

/// What a partition leaves when it is taken away.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Left {
    /// Messages whose handler is running.
    pub(super) out: usize,
    /// Messages that are handled, and are not committed.
    pub(super) repeated: u64,
}

/// The partitions of one member of a group.
#[derive(Debug)]
pub(super) struct Offsets<M> {
    width: usize,
    assigned: BTreeMap<Partition, Assigned<M>>,
    /// The partition that gave the last message. The next one has its turn.
    last: Option<Partition>,
    generations: u64,
}

#[derive(Debug)]
struct Assigned<M> {
    generation: u64,
    /// Whether the partition is about to be taken away. It gives no message then.
    revoked: bool,
    /// Whether the client had no message when it was asked last.
    dry: bool,
    /// The messages from the first one that is not done.
    given: BTreeMap<i64, Given<M>>,
    /// The offset after the last message that was given.
    next: Option<i64>,
    /// How many messages are done, and neither committed nor after one that is not done.
    done: u64,
}

#[derive(Debug)]
enum Given<M> {
    Out,
    Done,
    Again { message: M, at: Instant, attempts: u32 },
}

impl<M> Offsets<M> {
    pub(super) fn new() -> Offsets<M> {
        Offsets { width: 1, assigned: BTreeMap::new(), last: None, generations: 0 }
    }

    /// Sets how many messages of one partition may be given and not committed.
    pub(super) fn set_width(&mut self, messages: usize) {
        self.width = messages.max(1);
    }

    /// Adds a partition.
    pub(super) fn assign(&mut self, partition: Partition) {
        self.generations += 1;
        let assigned = Assigned {
            generation: self.generations,
            revoked: false,
            dry: false,
            given: BTreeMap::new(),
            next: None,
            done: 0,
        };
        self.assigned.insert(partition, assigned);
    }

    /// Ends giving messages of these partitions.
    pub(super) fn revoke<'a>(&mut self, partitions: impl IntoIterator<Item = &'a Partition>) {
        for partition in partitions {
            if let Some(assigned) = self.assigned.get_mut(partition) {
                assigned.revoked = true;
            }
        }
    }

    /// Removes a partition. Verdicts on its messages are late from now on.
    pub(super) fn remove(&mut self, partition: &Partition) -> Left {
        let Some(assigned) = self.assigned.remove(partition) else { return Left::default() };
        let count = |is: fn(&Given<M>) -> bool| assigned.given.values().filter(|given| is(given)).count();
        let beyond = count(|given| matches!(given, Given::Done)) as u64;
        Left { out: count(|given| matches!(given, Given::Out)), repeated: assigned.done + beyond }
    }

    /// Counts the messages whose handler is running, of those partitions for which `of` holds.
    pub(super) fn out(&self, of: impl Fn(&Partition) -> bool) -> usize {
        let partitions = self.assigned.iter().filter(|(partition, _)| of(partition));
        let given = partitions.flat_map(|(_, assigned)| assigned.given.values());
        given.filter(|given| matches!(given, Given::Out)).count()
    }

    /// The client has messages of this partition again.
    pub(super) fn wake(&mut self, partition: &Partition) {
        if let Some(assigned) = self.assigned.get_mut(partition) {
            assigned.dry = false;
        }
    }

    /// Gives the next message, from the partitions in turn. `fetch` asks the client for a message of one partition.
    pub(super) fn take<E>(
        &mut self,
        now: Instant,
        mut fetch: impl FnMut(&Partition) -> Fetched<M, E>,
    ) -> Result<Option<(Ticket, M)>, E> {
        let width = self.width;
        let after = self.last.clone().map_or(Unbounded, Excluded);
        let mut taken = None;
        for range in [(after.clone(), Unbounded), (Unbounded, after)] {
            for (partition, assigned) in self.assigned.range_mut(range) {
                taken = assigned.take(partition, width, now, &mut fetch)?;
                if taken.is_some() {
                    break;
                }
            }
            if taken.is_some() {
                break;
            }
        }
        if taken.is_none()
            && let Some(last) = &self.last
            && let Some(assigned) = self.assigned.get_mut(last)
        {
            taken = assigned.take(last, width, now, &mut fetch)?;
        }
        if let Some((ticket, _)) = &taken {
            self.last = Some(ticket.partition.clone());
        }
        Ok(taken)
    }

    /// Returns the instant at which the next message can be given again.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let open = self.assigned.values().filter(|assigned| !assigned.revoked);
        let due = open.flat_map(|assigned| assigned.given.values()).filter_map(|given| match given {
            Given::Again { at, .. } => Some(*at),
            Given::Out | Given::Done => None,
        });
        due.min()
    }

    /// Acknowledges a message.
    pub(super) fn ack(&mut self, ticket: &Ticket) -> Result<(), Late> {
        let assigned = self.assigned_of(ticket)?;
        assigned.given.insert(ticket.offset, Given::Done);
        while let Some(first) = assigned.given.first_entry()
            && matches!(first.get(), Given::Done)
        {
            first.remove();
            assigned.done += 1;
        }
        Ok(())
    }

    /// Takes a message back, which is given again at `at`.
    pub(super) fn again(&mut self, ticket: &Ticket, message: M, at: Instant) -> Result<(), Late> {
        let assigned = self.assigned_of(ticket)?;
        let attempts = ticket.attempts.saturating_add(1);
        assigned.given.insert(ticket.offset, Given::Again { message, at, attempts });
        Ok(())
    }

    /// Returns the offsets that are not committed, of those partitions for which `of` holds.
    pub(super) fn uncommitted(&self, of: impl Fn(&Partition) -> bool) -> Vec<Commit> {
        let partitions = self.assigned.iter().filter(|(partition, _)| of(partition));
        let commits = partitions.filter_map(|(partition, assigned)| {
            let offset = assigned.frontier().filter(|_| assigned.done > 0)?;
            let (partition, messages) = (partition.clone(), assigned.done);
            Some(Commit { partition, generation: assigned.generation, offset, messages })
        });
        commits.collect()
    }

    /// Notes that the broker has confirmed a commit.
    pub(super) fn confirm(&mut self, commit: &Commit) {
        if let Some(assigned) = self.assigned.get_mut(&commit.partition)
            && assigned.generation == commit.generation
        {
            assigned.done -= commit.messages;
        }
    }

    fn assigned_of(&mut self, ticket: &Ticket) -> Result<&mut Assigned<M>, Late> {
        let assigned = self.assigned.get_mut(&ticket.partition);
        assigned.filter(|assigned| assigned.generation == ticket.generation).ok_or(Late)
    }
}

impl<M> Assigned<M> {
    /// Returns the offset of the first message that is not done.
    fn frontier(&self) -> Option<i64> {
        self.given.first_key_value().map(|(offset, _)| *offset).or(self.next)
    }

    fn take<E>(
        &mut self,
        partition: &Partition,
        width: usize,
        now: Instant,
        fetch: &mut impl FnMut(&Partition) -> Fetched<M, E>,
    ) -> Result<Option<(Ticket, M)>, E> {
        if self.revoked {
            return Ok(None);
        }
        let ticket = |offset, generation, attempts| Ticket {
            partition: partition.clone(),
            generation,
            offset,
            attempts,
        };
        let mut waits = false;
        for (offset, given) in &mut self.given {
            match given {
                Given::Again { at, .. } if *at <= now => {
                    let Given::Again { message, attempts, .. } = std::mem::replace(given, Given::Out) else {
                        unreachable!("the arm has matched")
                    };
                    return Ok(Some((ticket(*offset, self.generation, attempts), message)));
                }
                Given::Again { .. } => waits = true,
                Given::Out | Given::Done => {}
            }
        }
        // O2 and O3.
        if waits || self.dry || self.given.len() >= width {
            return Ok(None);
        }
        loop {
            let Some((offset, message)) = fetch(partition)? else {
                self.dry = true;
                return Ok(None);
            };
            // An offset that was given is never given twice by this way.
            if self.next.is_some_and(|next| offset < next) {
                continue;
            }
            self.next = Some(offset + 1);
            self.given.insert(offset, Given::Out);
            return Ok(Some((ticket(offset, self.generation, 0), message)));
        }
    }
}
