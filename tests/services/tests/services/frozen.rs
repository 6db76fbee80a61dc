//! A server that freezes or dies under a service that stops: the service leaves in time, and says who kept it.

use std::time::Duration;

use libc::SIGTERM;
use lifecycle_process_tests::{Ended, Program};
use lifecycle_services_tests::{Nats, Postgres, RabbitMq, Redis, Server};

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
    let ended = frozen("RabbitMQ frozen", &broker, consuming("rabbitmq", &broker.url(), "frozen", "insert"), "handled 20");
    ended.exited(70).said(&["ledger closed"]).reported(&["Broker", "timed out"]);
    broker.fill("killed", 20);
    let ended = killed("RabbitMQ killed", &broker, consuming("rabbitmq", &broker.url(), "killed", "insert"), "handled 20");
    ended.said(&["ledger closed"]);
}

#[test]
fn nats() {
    let nats = Nats::start();
    nats.fill("frozen", 20, None);
    let ended = frozen("NATS frozen", &nats, consuming("jetstream", &nats.url(), "frozen", "insert"), "handled 20");
    ended.exited(70).said(&["ledger closed"]);
    nats.fill("killed", 20, None);
    let ended = killed("NATS killed", &nats, consuming("jetstream", &nats.url(), "killed", "insert"), "handled 20");
    ended.said(&["ledger closed"]);
}

#[test]
fn redis() {
    for kind in ["stream", "list"] {
        for fault in [frozen, killed] {
            let redis = Redis::start();
            match kind {
                "stream" => redis.run::<String>(&["XADD", "queue", "*", "id", "1"]),
                _ => redis.run::<i64>(&["LPUSH", "queue", "1"]).to_string(),
            };
            let what = format!("Redis, {kind}");
            let ended = fault(&what, &redis, consuming(kind, &redis.url(), "queue", "insert"), "handled 1");
            ended.said(&["ledger closed"]);
        }
    }
}

/// With a statement under way, which nobody answers any more.
#[test]
fn postgres() {
    for (fault, name) in [(frozen as Fault, "frozen"), (killed, "killed")] {
        let postgres = Postgres::start();
        for scenario in ["databases/idle", "databases/sleep"] {
            let what = format!("PostgreSQL {name}, {scenario}");
            let program = service(scenario).env("DATABASE_URL", postgres.url(name));
            if name == "killed" && scenario == "databases/sleep" {
                break;
            }
            let ended = fault(&what, &postgres, program, "ready");
            drop(ended);
        }
    }
}

type Fault = fn(&str, &Server, Program, &str) -> Ended;
