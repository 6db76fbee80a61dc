//! The rules. Each says what it saw if a source does not keep it.
//!
//! A check calls no more of a source than it needs, so that a fault is found under the name of its rule.

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::trial::{Checked, Given, Numbers, Trial};
use super::{Broker, Limit, Rule};
use crate::consumer::{Receipt as _, Source as _};

/// How many calls of `next` are dropped.
const DROPPED_CALLS: u64 = 4_000;
/// Of how many dropped calls one leaves a server the time to answer between two polls.
const SLOW_CALLS: u64 = 40;
const ANSWER_TIME: Duration = Duration::from_millis(1);

/// Checks one rule. Boxed, because all rules together would be too large for the stack of a thread.
pub(super) fn check<'a, B: Broker>(rule: Rule, trial: &'a Trial<'_, B>) -> BoxFuture<'a, Checked> {
    match rule {
        Rule::EachOnce => Box::pin(each_once(trial)),
        Rule::InOrder => Box::pin(in_order(trial)),
        Rule::Waits => Box::pin(waits(trial)),
        Rule::DroppedNext => Box::pin(dropped_next(trial)),
        Rule::CancelEnds => Box::pin(cancel_ends(trial)),
        Rule::CancelStops => Box::pin(cancel_stops(trial)),
        Rule::AckAfterCancel => Box::pin(ack_after_cancel(trial)),
        Rule::Ack => Box::pin(ack(trial)),
        Rule::AckInAnyOrder => Box::pin(ack_in_any_order(trial)),
        Rule::AckOfOne => Box::pin(ack_of_one(trial)),
        Rule::Requeue => Box::pin(requeue(trial)),
        Rule::RetryLater => Box::pin(retry_later(trial)),
        Rule::Reject => Box::pin(reject(trial)),
        Rule::Finish => Box::pin(finish(trial)),
        Rule::DroppedSource => Box::pin(dropped_source(trial)),
        Rule::NothingLeft => Box::pin(nothing_left(trial)),
    }
}

async fn each_once<B: Broker>(trial: &Trial<'_, B>) -> Checked {
    trial.publish(0..200).await?;
    let mut source = trial.open().await?;
    let mut missing: BTreeSet<u64> = (0..200).collect();
    let mut expect = async |missing: &mut BTreeSet<u64>| {
        let given = trial.take_one(&mut source).await.map_err(|seen| {
            format!("{seen}, while these were not given: {}", Numbers::from_iter(missing.clone()))
        })?;
        let number = given.number;
        trial.ack([given]).await?;
        match missing.remove(&number) {
            true => Ok(()),
            false => Err(format!("message {number} was given twice")),
        }
    };
    while !missing.is_empty() {
        expect(&mut missing).await?;
    }
    // A last message shows that no more come.
    trial.publish(200..201).await?;
    missing.insert(200);
    expect(&mut missing).await?;
    trial.stop(&mut source).await
}

async fn in_order<B: Broker>(trial: &Trial<'_, B>) -> Checked {
    if trial.is_limited(Limit::AnyOrder) {
        return Ok(());
    }
    trial.publish(0..50).await?;
    let mut source = trial.open().await?;
    let numbers = take_and_ack(trial, &mut source, 50).await?;
    trial.stop(&mut source).await?;
    let mut last_of = BTreeMap::new();
    for number in numbers {
        let last = last_of.insert(trial.broker().partition(number), number);
        if let Some(last) = last.filter(|last| *last > number) {
            return Err(format!("message {number} was given after message {last}"));
        }
    }
    Ok(())
}

async fn waits<B: Broker>(trial: &Trial<'_, B>) -> Checked {
    let mut source = trial.open().await?;
    let given = {
        let mut next = pin!(trial.take_one(&mut source));
        if let Some(given) = polled(next.as_mut(), 3, ANSWER_TIME).await {
            let number = given?.number;
            return Err(format!("an empty queue gave message {number}"));
        }
        trial.publish(0..1).await?;
        next.await.map_err(|seen| format!("{seen}, although a message was published meanwhile"))?
    };
    trial.ack([given]).await?;
    trial.stop(&mut source).await
}

async fn dropped_next<B: Broker>(trial: &Trial<'_, B>) -> Checked {
    trial.publish(0..30).await?;
    let mut source = trial.open().await?;
    let mut missing: BTreeSet<u64> = (0..60).collect();
    let mut note = |number| match missing.remove(&number) {
        true => Ok(()),
        false => Err(format!("message {number} was given twice")),
    };
    for call in 0..DROPPED_CALLS {
        if call == DROPPED_CALLS / 2 {
            trial.publish(30..60).await?;
        }
        let pause = if call % SLOW_CALLS == 0 { ANSWER_TIME } else { Duration::ZERO };
        if let Some(next) = polled(pin!(source.next()), 1 + call % 4, pause).await {
            let given = trial.given(next)?.ok_or("`next` returned `None` before `cancel`")?;
            note(given.number)?;
            trial.ack([given]).await?;
        }
    }
    trial.cancel(&mut source).await?;
    for given in trial.drain(&mut source).await? {
        note(given.number)?;
        trial.ack([given]).await?;
    }
    trial.finish(&mut source).await?;
    drop(source);
    let missing: Vec<u64> = missing.into_iter().collect();
    trial.next_source_gets(&missing, &[], 60).await
}

async fn cancel_ends<B: Broker>(trial: &Trial<'_, B>) -> Checked {
    for is_polled in [false, true] {
        let mut source = trial.open().await?;
        if is_polled {
            // A request may wait at the broker.
            let _ = polled(pin!(source.next()), 2, ANSWER_TIME).await;
        }
        trial.cancel(&mut source).await?;
        let drained = trial.drain(&mut source).await?;
        if !drained.is_empty() {
            return Err(format!("an empty queue gave {}", Numbers::of(&drained)));
        }
        trial.finish(&mut source).await?;
    }
    Ok(())
}

async fn cancel_stops<B: Broker>(trial: &Trial<'_, B>) -> Checked {
    if trial.is_limited(Limit::OpenRequest) {
        return Ok(());
    }
    trial.publish(0..5).await?;
    let mut source = trial.open().await?;
    let taken = trial.take(&mut source, 5).await?;
    trial.ack(taken).await?;
    trial.cancel(&mut source).await?;
    trial.publish(5..10).await?;
    let drained = trial.drain(&mut source).await?;
    let numbers = Numbers::of(&drained).to_string();
    trial.ack(drained).await?;
    trial.finish(&mut source).await?;
    match numbers.is_empty() {
        true => Ok(()),
        false => Err(format!("given, although published after `cancel`: {numbers}")),
    }
}

async fn ack_after_cancel<B: Broker>(trial: &Trial<'_, B>) -> Checked {
    trial.publish(0..5).await?;
    let mut source = trial.open().await?;
    let taken = trial.take(&mut source, 5).await?;
    trial.cancel(&mut source).await?;
    let drained = trial.drain(&mut source).await?;
    trial.ack(taken.into_iter().chain(drained)).await?;
    trial.finish(&mut source).await?;
    drop(source);
    trial.next_source_gets(&[], &[], 5).await
}

async fn ack<B: Broker>(trial: &Trial<'_, B>) -> Checked {
    trial.publish(0..100).await?;
    let mut source = trial.open().await?;
    take_and_ack(trial, &mut source, 100).await?;
    trial.stop(&mut source).await?;
    drop(source);
    trial.next_source_gets(&[], &[], 100).await
}

/// Takes so many messages, and acknowledges each before the next one.
async fn take_and_ack<B: Broker>(
    trial: &Trial<'_, B>,
    source: &mut B::Source,
    count: usize,
) -> Checked<Vec<u64>> {
    let mut numbers = Vec::new();
    while numbers.len() < count {
        let given = trial.take_one(source).await;
        let given = given.map_err(|seen| format!("{seen}, after {} of {count} messages", numbers.len()))?;
        numbers.push(given.number);
        trial.ack([given]).await?;
    }
    Ok(numbers)
}

async fn ack_in_any_order<B: Broker>(trial: &Trial<'_, B>) -> Checked {
    trial.publish(0..10).await?;
    let mut source = trial.open().await?;
    let taken = trial.take(&mut source, 10).await?;
    trial.ack(taken.into_iter().rev()).await?;
    trial.stop(&mut source).await?;
    drop(source);
    trial.next_source_gets(&[], &[], 10).await
}

async fn ack_of_one<B: Broker>(trial: &Trial<'_, B>) -> Checked {
    trial.publish(0..10).await?;
    let mut source = trial.open().await?;
    let taken = trial.take(&mut source, 10).await?;
    let (due, done): (Vec<Given<B>>, Vec<Given<B>>) =
        taken.into_iter().partition(|given| given.number % 2 == 0);
    let [due_numbers, done_numbers] =
        [&due, &done].map(|some| some.iter().map(|given| given.number).collect::<Vec<_>>());
    trial.ack(done).await?;
    trial.requeue(due).await?;
    trial.stop(&mut source).await?;
    drop(source);
    let tolerated: &[u64] = if trial.is_limited(Limit::AckInOrder) { &done_numbers } else { &[] };
    trial.next_source_gets(&due_numbers, tolerated, 10).await
}

async fn requeue<B: Broker>(trial: &Trial<'_, B>) -> Checked {
    trial.publish(0..10).await?;
    let mut source = trial.open().await?;
    let done = trial.take(&mut source, 2).await?;
    let done_numbers: Vec<u64> = done.iter().map(|given| given.number).collect();
    trial.ack(done).await?;
    let in_progress = trial.take(&mut source, 3).await?;
    trial.cancel(&mut source).await?;
    let ahead = trial.drain(&mut source).await?;
    trial.requeue(in_progress.into_iter().chain(ahead)).await?;
    trial.finish(&mut source).await?;
    drop(source);
    let due: Vec<u64> = (0..10).filter(|number| !done_numbers.contains(number)).collect();
    trial.next_source_gets(&due, &[], 10).await
}

async fn retry_later<B: Broker>(trial: &Trial<'_, B>) -> Checked {
    trial.publish(0..3).await?;
    let mut source = trial.open().await?;
    let done = trial.take(&mut source, 2).await?;
    trial.ack(done).await?;
    let Given { number, receipt } = trial.take_one(&mut source).await?;
    trial.step("`retry_later`", receipt.retry_later()).await?;
    let is_due_later = trial.is_limited(Limit::RetryByNextSource);
    if !is_due_later {
        let again = trial.take_one(&mut source).await;
        let again = again.map_err(|seen| format!("{seen}, after `retry_later` of message {number}"))?;
        if again.number != number {
            return Err(format!("message {} was given again in place of message {number}", again.number));
        }
        trial.ack([again]).await?;
    }
    trial.stop(&mut source).await?;
    drop(source);
    let due: &[u64] = if is_due_later { &[number] } else { &[] };
    trial.next_source_gets(due, &[], 3).await
}

async fn reject<B: Broker>(trial: &Trial<'_, B>) -> Checked {
    trial.publish(0..3).await?;
    let mut source = trial.open().await?;
    for Given { number, receipt } in trial.take(&mut source, 3).await? {
        trial.step(&format!("`reject` of message {number}"), receipt.reject()).await?;
    }
    trial.stop(&mut source).await?;
    drop(source);
    trial.next_source_gets(&[], &[], 3).await
}

async fn finish<B: Broker>(trial: &Trial<'_, B>) -> Checked {
    trial.publish(0..5).await?;
    let mut source = trial.open().await?;
    let taken = trial.take(&mut source, 5).await?;
    trial.ack(taken).await?;
    trial.stop(&mut source).await?;
    let seen = trial.next_source_gets(&[], &[], 5).await;
    // Until here, because what a drop sends does not count.
    drop(source);
    seen
}

async fn dropped_source<B: Broker>(trial: &Trial<'_, B>) -> Checked {
    trial.publish(0..10).await?;
    let mut source = trial.open().await?;
    let taken = trial.take(&mut source, 3).await?;
    drop((taken, source));
    let all: Vec<u64> = (0..10).collect();
    trial.next_source_gets(&all, &[], 10).await
}

async fn nothing_left<B: Broker>(trial: &Trial<'_, B>) -> Checked {
    trial.publish(0..5).await?;
    let mut source = trial.open().await?;
    let taken = trial.take(&mut source, 5).await?;
    trial.ack(taken).await?;
    trial.stop(&mut source).await?;
    drop(source);
    match trial.left().await? {
        None | Some(0) => Ok(()),
        Some(left) => Err(format!("the broker keeps {left} of 5 messages")),
    }
}

/// Polls a future so many times, with a pause between two polls. `None` if it has not ended.
async fn polled<F: Future>(
    mut future: std::pin::Pin<&mut F>,
    times: u64,
    pause: Duration,
) -> Option<F::Output> {
    for time in 0..times {
        match pause {
            _ if time == 0 => {}
            Duration::ZERO => tokio::task::yield_now().await,
            pause => tokio::time::sleep(pause).await,
        }
        if let Poll::Ready(output) = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await {
            return Some(output);
        }
    }
    None
}
