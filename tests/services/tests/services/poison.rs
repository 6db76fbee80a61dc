//! A message that always fails, and a handler that never ends, do not delay the stop.

use std::time::Duration;

use libc::SIGTERM;
use lifecycle_process_tests::Ended;
use lifecycle_services_tests::{Nats, Postgres, RabbitMq, Redis, wait_until};

use crate::consumers::{Broker, handled};
use crate::ready;

/// Handles ten messages, two of which always fail.
#[track_caller]
fn poisoned(broker: Broker, concurrency: usize) -> Ended {
    let queue = format!("poison{broker:?}{concurrency}");
    broker.fill(&queue, 10, false);
    let child = ready(broker.service(&queue, concurrency, 8).env("HANDLER", "fail"));
    wait_until("the others are handled", || handled(&queue).0 == 8);
    let ended = child.stop();
    ended
        .exited(0)
        .within(Duration::from_secs(2))
        .reported(&["note: consumer `orders`:", "could not be handled"]);
    assert_eq!(handled(&queue), (8, 0));
    println!("poison at {broker:?}, concurrency {concurrency}: left after {:?}", ended.took);
    match broker {
        Broker::Rabbit => {
            wait_until("the poison is back", || RabbitMq::shared().waiting(&queue) == 2);
        }
        Broker::JetStream => {
            let mut back: Vec<_> =
                (0..2).map(|_| Nats::shared().take(&queue, Duration::from_secs(20))).collect();
            back.sort();
            assert_eq!(back, [Some("0".to_owned()), Some("5".to_owned())]);
        }
        Broker::Stream => assert_eq!(Redis::shared().pending(&queue), 2),
        Broker::List => {
            let mut back: Vec<String> = Redis::shared().run(&["LRANGE", &queue, "0", "-1"]);
            back.sort();
            assert_eq!(back, ["0", "5"]);
        }
    }
    ended
}

/// Receives ten messages whose handlers never end. The grace is 5 s.
#[track_caller]
fn hanging(broker: Broker, concurrency: usize) -> Ended {
    let queue = format!("hang{broker:?}{concurrency}");
    broker.fill(&queue, 10, false);
    let mut child = ready(broker.service(&queue, concurrency, 8).env("HANDLER", "hang").grace("5s"));
    let begun = concurrency.min(8);
    child.wait_for(&format!("hanging {begun}"));
    child.signal(SIGTERM);
    child.wait_for("stopping");
    if broker == Broker::Rabbit {
        // Messages without a handler are available to other consumers at once, before the end of the drain.
        let begun = u32::try_from(begun).unwrap();
        wait_until("what was sent ahead is back", || RabbitMq::shared().waiting(&queue) == 10 - begun);
        assert!(!child.is_over(), "it left before its handlers were cut off");
    }
    let ended = child.stopped();
    ended.exited(70).within(Duration::from_secs(5));
    ended.reported(&["consumer `orders`: a message is being handled"]);
    assert_eq!(
        Postgres::shared().number(&format!("SELECT count(*) FROM handled WHERE queue = '{queue}'")),
        0
    );
    println!("hanging at {broker:?}, concurrency {concurrency}: left after {:?}", ended.took);
    match broker {
        Broker::Rabbit => {
            wait_until("all are back", || RabbitMq::shared().waiting(&queue) == 10);
        }
        // The messages are back before the server's own time-out of 5 minutes.
        Broker::JetStream => {
            for _ in 0..10 {
                assert!(
                    Nats::shared().take(&queue, Duration::from_secs(20)).is_some(),
                    "one was not handed back"
                );
            }
        }
        Broker::Stream => {
            // The consumer may have read again if every message of the first read has a handler.
            let pending = Redis::shared().pending(&queue);
            assert!((8..=10).contains(&pending), "what was given to this consumer is its own: {pending}");
        }
        Broker::List => {
            assert_eq!(Redis::shared().run::<i64>(&["LLEN", &queue]), 10);
        }
    }
    ended
}

macro_rules! for_each_broker {
    ($($poison:ident, $hang:ident: $broker:ident;)+) => {$(
        #[test]
        fn $poison() {
            for concurrency in [1, 16] {
                poisoned(Broker::$broker, concurrency);
            }
        }

        #[test]
        fn $hang() {
            for concurrency in [1, 16] {
                hanging(Broker::$broker, concurrency);
            }
        }
    )+};
}

for_each_broker! {
    poison_does_not_hold_up_rabbitmq, a_handler_that_hangs_is_cut_off_and_its_message_is_back_at_rabbitmq: Rabbit;
    poison_does_not_hold_up_jetstream, a_handler_that_hangs_is_cut_off_and_its_message_is_back_at_jetstream: JetStream;
    poison_does_not_hold_up_a_redis_stream, a_handler_that_hangs_is_cut_off_and_its_entry_is_pending: Stream;
    poison_does_not_hold_up_a_redis_list, a_handler_that_hangs_is_cut_off_and_its_element_is_back_in_its_list: List;
}
