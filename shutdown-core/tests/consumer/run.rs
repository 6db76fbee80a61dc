//! A consumer with a source in memory. The tests check the fate of each message.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lifecycle::Lifecycle;
use lifecycle::consumer::{ConsumeError, Consumer, Error, OnFailure, Receipt, Source, Verdict};

/// A queue of numbers, and the response for each number, in order.
#[derive(Clone, Default)]
struct Broker {
    queue: Arc<Mutex<VecDeque<u32>>>,
    answers: Arc<Mutex<Vec<(u32, &'static str)>>>,
    cancelled: bool,
}

impl Broker {
    fn of(messages: impl IntoIterator<Item = u32>) -> Broker {
        Broker { queue: Arc::new(Mutex::new(messages.into_iter().collect())), ..Broker::default() }
    }

    fn answers(&self) -> Vec<(u32, &'static str)> {
        let mut answers = self.answers.lock().unwrap().clone();
        answers.sort_unstable();
        answers
    }
}

impl Source for Broker {
    type Message = u32;
    type Receipt = Taken;

    async fn next(&mut self) -> Option<Result<(u32, Taken), Error>> {
        let message = self.queue.lock().unwrap().pop_front();
        match message {
            Some(message) => Some(Ok((message, Taken { broker: self.clone(), message }))),
            None if self.cancelled => None,
            None => std::future::pending().await,
        }
    }

    async fn cancel(&mut self) -> Result<(), Error> {
        self.cancelled = true;
        Ok(())
    }
}

struct Taken {
    broker: Broker,
    message: u32,
}

impl Taken {
    fn answer(&self, answer: &'static str) {
        self.broker.answers.lock().unwrap().push((self.message, answer));
    }
}

impl Receipt for Taken {
    async fn ack(self) -> Result<(), Error> {
        self.answer("done");
        Ok(())
    }

    async fn requeue(self) -> Result<(), Error> {
        self.answer("back");
        Ok(())
    }

    async fn reject(self) -> Result<(), Error> {
        self.answer("rejected");
        Ok(())
    }
}

fn lifecycle() -> Lifecycle {
    Lifecycle::builder().grace(Duration::from_secs(10)).build()
}

#[tokio::test(start_paused = true)]
async fn each_message_is_answered_for_as_its_handler_says() {
    for (policy, failed, concurrency) in [(OnFailure::Requeue, "back", 1), (OnFailure::Reject, "rejected", 3)]
    {
        let broker = Broker::of(1..=5);
        let consumer = Consumer::new(broker.clone()).concurrency(concurrency).on_failure(policy);
        let report = lifecycle()
            .run(async move {
                let run = consumer.run(|message| async move {
                    match message {
                        1 => Ok(Verdict::Ack),
                        2 => Ok(Verdict::Requeue),
                        3 => Ok(Verdict::Reject),
                        4 => Err("no database"),
                        _ => panic!("poison"),
                    }
                });
                let stop = async {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    lifecycle::shutdown("test");
                };
                tokio::join!(run, stop).0
            })
            .await;
        let expected = [(1, "done"), (2, "back"), (3, "rejected"), (4, failed), (5, failed)];
        assert_eq!(broker.answers(), expected);
        // A message that cannot be handled is not a failure of the consumer. The report counts it.
        assert!(report.is_clean(), "{report}");
        assert!(report.to_string().contains("2 messages could not be handled"), "{report}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_sent_ahead_is_handed_back_at_the_notice_and_what_is_in_hand_is_finished() {
    for in_hand in [1, 2] {
        let broker = Broker::of(1..=10);
        let (started, mut first) = tokio::sync::mpsc::channel(10);
        let consumer = Consumer::new(broker.clone()).concurrency(in_hand);
        let (begun, waiting) = (broker.clone(), 10 - u32::try_from(in_hand).unwrap());
        let report = lifecycle()
            .run(async move {
                let run = consumer.run(move |_| {
                    let started = started.clone();
                    async move {
                        started.send(()).await.unwrap();
                        tokio::time::sleep(Duration::from_secs(2)).await;
                    }
                });
                let stop = async {
                    for _ in 0..in_hand {
                        first.recv().await;
                    }
                    lifecycle::shutdown("test");
                    // The messages must be back before the handlers end.
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    assert_eq!(
                        begun.answers(),
                        (11 - waiting..=10).map(|id| (id, "back")).collect::<Vec<_>>()
                    );
                };
                tokio::join!(run, stop).0
            })
            .await;
        assert!(report.is_clean(), "{report}");
        let answer = |id| if id <= 10 - waiting { "done" } else { "back" };
        let expected: Vec<_> = (1..=10).map(|id| (id, answer(id))).collect();
        assert_eq!(broker.answers(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_in_hand_is_finished_where_the_consumer_is_dropped() {
    for in_hand in [1, 2] {
        let broker = Broker::of(1..=10);
        let consumer = Consumer::new(broker.clone()).concurrency(in_hand);
        let report = lifecycle()
            .run(async move {
                let run = consumer.run(|_| tokio::time::sleep(Duration::from_secs(2)));
                let _ = tokio::time::timeout(Duration::from_secs(1), run).await;
            })
            .await;
        assert!(report.is_clean(), "{report}");
        let expected: Vec<_> = (1..=10).take(in_hand).map(|id| (id, "done")).collect();
        assert_eq!(broker.answers(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn what_never_ends_is_handed_back_at_the_cut_and_named() {
    let broker = Broker::of([1]);
    let consumer = Consumer::new(broker.clone()).name("orders");
    let report = lifecycle()
        .run(async move {
            let run = consumer.run(|_| std::future::pending::<()>());
            let stop = async {
                tokio::time::sleep(Duration::from_secs(1)).await;
                lifecycle::shutdown("test");
            };
            tokio::join!(run, stop).0
        })
        .await;
    assert_eq!(report.exit_status(), 70, "{report}");
    assert!(report.to_string().contains("consumer `orders`: a message is being handled"), "{report}");
    assert_eq!(broker.answers(), [(1, "back")]);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_ends_by_itself_is_an_error() {
    let mut broker = Broker::of([1]);
    broker.cancelled = true;
    let consumer = Consumer::new(broker.clone());
    let report = lifecycle()
        .run(async move {
            let ended = consumer.run(|_| async {}).await;
            assert!(matches!(ended, Err(ConsumeError::Ended)), "{ended:?}");
            ended
        })
        .await;
    assert_eq!(report.exit_status(), 1, "{report}");
    assert_eq!(broker.answers(), [(1, "done")]);
}
