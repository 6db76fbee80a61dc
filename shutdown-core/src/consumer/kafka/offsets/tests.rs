//! The bookkeeping against a slow, obvious model: a list of the messages of each partition, and what is known of each.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const PARTITIONS: i32 = 3;

#[derive(Clone, Copy, Debug)]
enum Step {
    Take,
    /// Acknowledges one of the tickets, late ones too.
    Ack(prop::sample::Index),
    /// Requeues one of the tickets, with a pause in milliseconds.
    Again(prop::sample::Index, u64),
    Sleep(u64),
    Revoke(i32),
    /// Takes a partition away, and gives it back.
    Reassign(i32),
    /// Commits everything that may be committed.
    Commit,
    /// More messages arrive.
    Arrive(i32, i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Take),
        4 => any::<prop::sample::Index>().prop_map(Step::Ack),
        2 => (any::<prop::sample::Index>(), 0_u64..20).prop_map(|(at, pause)| Step::Again(at, pause)),
        1 => (0_u64..20).prop_map(Step::Sleep),
        1 => (0..PARTITIONS).prop_map(Step::Revoke),
        1 => (0..PARTITIONS).prop_map(Step::Reassign),
        2 => Just(Step::Commit),
        2 => (0..PARTITIONS, 1_i64..4).prop_map(|(partition, messages)| Step::Arrive(partition, messages)),
    ]
}

/// What the model knows of one message that was given in the present assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Out,
    Done,
    Again(Instant),
}

#[derive(Debug, Default)]
struct Model {
    /// The offsets of the messages that exist. Offsets have gaps.
    exists: Vec<i64>,
    /// Where the client reads next.
    position: usize,
    /// The messages that were given since the assignment, in order.
    given: Vec<(i64, Known)>,
    committed: i64,
    assignment: u64,
    revoked: bool,
}

impl Model {
    /// Returns the offset that may be committed: after the longest prefix of messages that are done.
    fn frontier(&self) -> Option<i64> {
        let first = self.given.iter().find(|(_, known)| *known != Known::Done).map(|(offset, _)| *offset);
        first.or(self.given.last().map(|(offset, _)| offset + 1))
    }

    /// Returns the messages from the first that is not done.
    fn open(&self) -> &[(i64, Known)] {
        let done = self.given.iter().take_while(|(_, known)| *known == Known::Done).count();
        &self.given[done..]
    }

    /// Returns the message that has to be given next, if there is one.
    fn next(&self, width: usize, now: Instant) -> Option<i64> {
        if self.revoked {
            return None;
        }
        let requeued = |known: &Known| matches!(known, Known::Again(_));
        let due = |known: &Known| matches!(known, Known::Again(at) if *at <= now);
        if let Some((offset, _)) = self.open().iter().find(|(_, known)| due(known)) {
            return Some(*offset);
        }
        let may_fetch = self.open().len() < width && !self.open().iter().any(|(_, known)| requeued(known));
        may_fetch.then(|| self.exists.get(self.position).copied()).flatten()
    }

    fn set(&mut self, offset: i64, known: Known) {
        let entry = self.given.iter_mut().find(|(of, _)| *of == offset);
        entry.expect("it was given").1 = known;
    }

    fn reassign(&mut self) {
        self.given.clear();
        self.assignment += 1;
        self.revoked = false;
        self.position = self.exists.partition_point(|offset| *offset < self.committed);
    }
}

fn partition(number: i32) -> Partition {
    Partition { topic: "topic".into(), number }
}

#[expect(clippy::too_many_lines, reason = "one arm for each step, next to what the model says of it")]
fn run(width: usize, steps: &[Step]) -> Result<(), TestCaseError> {
    let mut offsets = Offsets::new();
    offsets.set_width(width);
    let mut models: BTreeMap<i32, Model> = BTreeMap::new();
    for number in 0..PARTITIONS {
        offsets.assign(partition(number));
        models.insert(number, Model::default());
    }
    let mut now = Instant::now();
    // The tickets, with the assignment of the model.
    let mut tickets: Vec<(Ticket, i64, u64)> = Vec::new();
    for step in steps {
        match step {
            Step::Arrive(number, messages) => {
                let model = models.get_mut(number).expect("a partition");
                for _ in 0..*messages {
                    let last = model.exists.last().copied().unwrap_or(0);
                    model.exists.push(last + 1 + last % 3);
                }
                offsets.wake(&partition(*number));
            }
            Step::Take => {
                let taken = offsets.take(now, |partition| {
                    let model = models.get_mut(&partition.number).expect("a partition");
                    let offset = model.exists.get(model.position).copied();
                    model.position += usize::from(offset.is_some());
                    Ok::<_, ()>(offset.map(|offset| (offset, offset)))
                });
                let Some((ticket, offset)) = taken.expect("it does not fail") else {
                    for (number, model) in &models {
                        prop_assert_eq!(model.next(width, now), None, "of partition {}", number);
                    }
                    continue;
                };
                let model = models.get_mut(&ticket.partition.number).expect("a partition");
                let is_new = model.given.iter().all(|(of, _)| *of != offset);
                model.position -= usize::from(is_new);
                prop_assert_eq!(model.next(width, now), Some(offset));
                model.position += usize::from(is_new);
                if is_new {
                    model.given.push((offset, Known::Out));
                } else {
                    model.set(offset, Known::Out);
                }
                tickets.push((ticket, offset, model.assignment));
            }
            Step::Ack(at) | Step::Again(at, _) if !tickets.is_empty() => {
                let (ticket, offset, assignment) = tickets.swap_remove(at.index(tickets.len()));
                let model = models.get_mut(&ticket.partition.number).expect("a partition");
                let in_time = assignment == model.assignment;
                let (answer, known) = match step {
                    Step::Again(_, pause) => {
                        let due = now + Duration::from_millis(*pause);
                        (offsets.again(&ticket, offset, due), Known::Again(due))
                    }
                    _ => (offsets.ack(&ticket), Known::Done),
                };
                prop_assert_eq!(answer.is_ok(), in_time);
                if in_time {
                    model.set(offset, known);
                }
            }
            Step::Ack(_) | Step::Again(..) => {}
            Step::Sleep(milliseconds) => now += Duration::from_millis(*milliseconds),
            Step::Revoke(number) => {
                offsets.revoke([&partition(*number)]);
                models.get_mut(number).expect("a partition").revoked = true;
            }
            Step::Reassign(number) => {
                let model = models.get_mut(number).expect("a partition");
                let left = offsets.remove(&partition(*number));
                let count = |known| model.given.iter().filter(|(_, of)| *of == known).count();
                prop_assert_eq!(left.out, count(Known::Out));
                let done =
                    model.given.iter().filter(|(of, known)| *known == Known::Done && *of >= model.committed);
                prop_assert_eq!(left.repeated, done.count() as u64);
                model.reassign();
                offsets.assign(partition(*number));
            }
            Step::Commit => {
                let commits = offsets.uncommitted(|_| true);
                for commit in &commits {
                    let model = models.get_mut(&commit.partition.number).expect("a partition");
                    prop_assert_eq!(Some(commit.offset), model.frontier());
                    let done =
                        model.given.iter().filter(|(of, _)| *of >= model.committed && *of < commit.offset);
                    prop_assert_eq!(commit.messages, done.count() as u64);
                    model.committed = commit.offset;
                    offsets.confirm(commit);
                }
                for (number, model) in &models {
                    let frontier = model.frontier().unwrap_or(0);
                    let mut done =
                        model.given.iter().filter(|(of, _)| (model.committed..frontier).contains(of));
                    prop_assert_eq!(done.next(), None, "partition {} has more to commit", number);
                }
            }
        }
        let out: usize = models
            .values()
            .map(|model| model.given.iter().filter(|(_, known)| *known == Known::Out).count())
            .sum();
        prop_assert_eq!(offsets.out(|_| true), out);
    }
    Ok(())
}

proptest! {
    #[test]
    fn offsets_agree_with_the_model(width in 1_usize..4, steps in vec(step(), 0..80)) {
        run(width, &steps)?;
    }
}

fn give(offsets: &mut Offsets<i64>, offset: i64) -> Ticket {
    let taken = offsets.take(Instant::now(), |_| Ok::<_, ()>(Some((offset, offset))));
    taken.expect("it does not fail").expect("a message").0
}

#[test]
fn a_message_is_given_after_the_one_before_it_has_its_verdict() {
    let mut offsets = Offsets::new();
    offsets.assign(partition(0));
    let ticket = give(&mut offsets, 5);
    let taken = offsets.take(Instant::now(), |_| -> Result<Option<(i64, i64)>, ()> { panic!("it is asked") });
    assert_eq!(taken, Ok(None));
    assert_eq!(offsets.uncommitted(|_| true), []);
    offsets.ack(&ticket).expect("it is in time");
    assert_eq!(offsets.uncommitted(|_| true)[0].offset, 6);
    give(&mut offsets, 6);
}

#[test]
fn partitions_have_their_turn() {
    let mut offsets = Offsets::new();
    (0..3).for_each(|number| offsets.assign(partition(number)));
    let order: Vec<i32> = (0..6)
        .map(|offset| {
            let ticket = give(&mut offsets, offset);
            offsets.ack(&ticket).expect("it is in time");
            ticket.partition.number
        })
        .collect();
    assert_eq!(order, [0, 1, 2, 0, 1, 2]);
}
