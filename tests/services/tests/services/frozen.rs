//! A server that freezes or dies under a service that stops: the service leaves in time, and says who kept it.

use std::time::Duration;

use libc::SIGTERM;
use lifecycle_process_tests::{Ended, Program};
use lifecycle_services_tests::{Nats, Postgres, RabbitMq, Redis, Server, wait_until};

use crate::{ready, service};

const GRACE: Duration = Duration::from_secs(6);

/// The server freezes, and then the service is asked to stop. What does not need it is torn down all the same.
#[track_caller]
fn frozen(what: &str, server: &Server, program: Program, under_way: &str) -> Ended {
    stopped(what, program, under_way, || server.freeze(), || server.thaw())
}

#[track_caller]
fn killed(what: &str, server: &Server, program: Program, under_way: &str) -> Ended {
    stopped(what, program, under_way, || server.kill(), || ())
}

#[track_caller]
fn stopped(what: &str, program: Program, under_way: &str, fault: impl Fn(), mend: impl Fn()) -> Ended {
    let mut child = ready(program.grace("6s"));
    child.wait_for(under_way);
    fault();
    child.signal(SIGTERM);
    let ended = child.ended();
    mend();
    println!("{what}: status {:?} after {:?}", ended.status.code(), ended.took);
    ended.within(GRACE);
    ended
}

/// A consumer of this broker, whose rows go to the shared `PostgreSQL`.
fn consuming(kind: &str, url: &str, queue: &str, handler: &str) -> Program {
    let program = service(&format!("consume/{kind}")).env("BROKER_URL", url).env("QUEUE", queue);
    let program = program.env("DATABASE_URL", Postgres::shared().url(queue)).env("HANDLER", handler);
    program.env("CONCURRENCY", "4").env("PREFETCH", "8")
}

#[test]
fn rabbitmq() {
    let broker = RabbitMq::start();
    broker.fill("frozen", 20);
    let service = consuming("rabbitmq", &broker.url(), "frozen", "insert");
    let ended = frozen("RabbitMQ frozen", &broker, service, "handled 20");
    // The consumer waits for its cancellation until the end of the drain, the connection for its close for 1 s.
    ended.exited(70).said(&["ledger closed"]);
    ended.reported(&["consumer `orders`: its source"]).reported(&["Broker", "timed out"]);
    broker.fill("killed", 20);
    let service = consuming("rabbitmq", &broker.url(), "killed", "insert");
    let ended = killed("RabbitMQ killed", &broker, service, "handled 20");
    ended.said(&["ledger closed"]).not_reported("timed out");
}

#[test]
fn nats() {
    let nats = Nats::start();
    nats.fill("frozen", 20, None);
    let service = consuming("jetstream", &nats.url(), "frozen", "insert");
    let ended = frozen("NATS frozen", &nats, service, "handled 20");
    ended.exited(70).said(&["ledger closed"]).reported(&["`orders` failed", "did not confirm the last"]);
    nats.fill("killed", 20, None);
    let service = consuming("jetstream", &nats.url(), "killed", "insert");
    let ended = killed("NATS killed", &nats, service, "handled 20");
    ended
        .exited(70)
        .said(&["ledger closed"])
        .reported(&["did not confirm"])
        .reported(&["Events", "timed out"]);
}

#[test]
fn redis() {
    for kind in ["stream", "list"] {
        for fault in [frozen as Fault, killed] {
            let redis = Redis::start();
            match kind {
                "stream" => redis.run::<String>(&["XADD", "queue", "*", "id", "1"]),
                _ => redis.run::<i64>(&["LPUSH", "queue", "1"]).to_string(),
            };
            let what = format!("Redis, {kind}");
            let ended = fault(&what, &redis, consuming(kind, &redis.url(), "queue", "insert"), "handled 1");
            ended.exited(70).said(&["ledger closed"]).reported(&["essential task `orders` failed"]);
        }
    }
}

/// An idle pool needs no answer to be closed; one with a statement under way says what it did not get back.
#[test]
fn postgres() {
    let postgres = Postgres::start();
    let idle = service("databases/idle").env("DATABASE_URL", postgres.url("idle"));
    frozen("PostgreSQL frozen, idle", &postgres, idle, "ready").exited(0);
    let asleep = service("databases/sleep untracked").env("DATABASE_URL", postgres.url("asleep"));
    let ended = stopped(
        "PostgreSQL frozen, with a statement",
        asleep,
        "ready",
        || {
            wait_until("the statement is under way", || {
                postgres.connections("asleep", "state = 'active' AND query LIKE '%pg_sleep%'") == 1
            });
            postgres.freeze();
        },
        || postgres.thaw(),
    );
    ended.exited(70).reported(&["Orders", "a connection was never given back"]);
    let asleep = service("databases/sleep untracked").env("DATABASE_URL", postgres.url("killed"));
    killed("PostgreSQL killed, with a statement", &postgres, asleep, "ready")
        .not_reported("never given back");
}

type Fault = fn(&str, &Server, Program, &str) -> Ended;
