//! A server freezes or dies while a service stops. The service ends in time, and its report names the cause.

use std::time::Duration;

use libc::SIGTERM;
use lifecycle_process_tests::{Ended, Program};
use lifecycle_services_tests::{Nats, Postgres, RabbitMq, Redis, Server};

use crate::{ready, service};

const GRACE: Duration = Duration::from_secs(6);

/// What happens to the server while the service stops.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// The server freezes before the signal. Unrelated resources are still torn down.
    Frozen,
    /// The server dies before the signal. The service may or may not have noticed.
    Dead,
    /// The server dies, and the signal comes after the service has noticed.
    SeenDead,
    /// The server freezes before the signal, and dies after the stop has begun.
    Killed,
}
use Fault::{Dead, Frozen, Killed, SeenDead};

/// Stops the service with this fault of its server, when its work is under way.
#[track_caller]
fn stopped(fault: Fault, what: &str, server: &Server, program: Program, under_way: &str) -> Ended {
    let mut child = ready(program.grace("6s"));
    child.wait_for(under_way);
    // A frozen server cannot respond in its last moment.
    if !matches!(fault, SeenDead) {
        server.freeze();
    }
    if matches!(fault, Dead | SeenDead) {
        server.kill();
    }
    if matches!(fault, SeenDead) {
        child.wait_for("broken");
    }
    child.signal(SIGTERM);
    if matches!(fault, Killed) {
        child.wait_for("stopping");
        server.kill();
    }
    let ended = child.stopped();
    if matches!(fault, Frozen) {
        server.thaw();
    }
    println!("{what}, {fault:?}: status {:?} after {:?}", ended.status.code(), ended.took);
    ended.within(GRACE);
    ended
}

/// Configures a consumer of this broker, whose rows go to the shared `PostgreSQL`.
fn consuming(kind: &str, url: &str, queue: &str, handler: &str) -> Program {
    let program = service(&format!("consume/{kind}")).env("BROKER_URL", url).env("QUEUE", queue);
    let program = program.env("DATABASE_URL", Postgres::shared().url(queue)).env("HANDLER", handler);
    program.env("CONCURRENCY", "4").env("PREFETCH", "8")
}

/// Configures an idle connection to this broker. With NATS, it has `publish` messages when its teardown begins.
fn holding(kind: &str, url: &str, publish: usize) -> Program {
    service(&format!("hold/{kind}")).env("BROKER_URL", url).env("PUBLISH", publish.to_string())
}

#[test]
fn rabbitmq() {
    let broker = RabbitMq::start();
    broker.fill("frozen", 20);
    let service = consuming("rabbitmq", &broker.url(), "frozen", "insert");
    let ended = stopped(Frozen, "RabbitMQ", &broker, service, "handled 20");
    // The consumer waits for its cancellation until the end of the drain. The connection waits for its close for
    // 1 s.
    ended.exited(70).said(&["ledger closed"]);
    ended.reported(&["consumer `orders`: its source"]).reported(&["Broker", "timed out"]);
    let ended =
        stopped(Frozen, "RabbitMQ, nothing in hand", &broker, holding("rabbitmq", &broker.url(), 0), "ready");
    ended.exited(70).said(&["ledger closed"]).reported(&["Broker", "timed out"]);
    broker.fill("killed", 20);
    let service = consuming("rabbitmq", &broker.url(), "killed", "insert");
    let ended = stopped(Killed, "RabbitMQ", &broker, service, "handled 20");
    ended.exited(70).said(&["ledger closed"]);
    ended.reported(&["`orders` failed", "did not confirm the last acknowledgements"]);
    ended.reported(&["Broker", "the broker may not have received the last messages"]);
}

/// After a connection breaks, the service cannot know whether the last published messages have arrived.
#[test]
fn rabbitmq_dead_with_nothing_in_hand() {
    let broker = RabbitMq::start();
    let ended = stopped(
        SeenDead,
        "RabbitMQ, nothing in hand",
        &broker,
        holding("rabbitmq", &broker.url(), 0),
        "ready",
    );
    ended.exited(70).said(&["ledger closed"]);
    ended.reported(&["Broker", "the broker may not have received the last messages"]);
}

#[test]
fn nats() {
    let nats = Nats::start();
    nats.fill("frozen", 20, None);
    let service = consuming("jetstream", &nats.url(), "frozen", "insert");
    let ended = stopped(Frozen, "NATS", &nats, service, "handled 20");
    ended.exited(70).said(&["ledger closed"]).reported(&["`orders` failed", "did not confirm the last"]);
    ended.reported(&["Events", "the server does not answer"]);
    nats.fill("killed", 20, None);
    let service = consuming("jetstream", &nats.url(), "killed", "insert");
    let ended = stopped(Killed, "NATS", &nats, service, "handled 20");
    ended.exited(70).said(&["ledger closed"]).reported(&["`orders` failed", "did not confirm the last"]);
    ended.reported(&["Events", "the connection is broken"]);
}

/// A flush alone completes when the kernel has all bytes. That is not an acknowledgement.
#[test]
fn nats_without_jetstream() {
    for publish in [0, 100] {
        let nats = Nats::start();
        let what = format!("NATS, {publish} published");
        let ended = stopped(Frozen, &what, &nats, holding("nats", &nats.url(), publish), "ready");
        ended.exited(70).said(&["ledger closed"]).reported(&["Publisher", "the server does not answer"]);
        let ended = stopped(SeenDead, &what, &nats, holding("nats", &nats.url(), publish), "ready");
        ended.exited(70).said(&["ledger closed"]).reported(&["Publisher", "the connection is broken"]);
    }
}

#[test]
fn redis() {
    for kind in ["stream", "list"] {
        for fault in [Frozen, Killed] {
            let redis = Redis::start();
            match kind {
                "stream" => redis.run::<String>(&["XADD", "queue", "*", "id", "1"]),
                _ => redis.run::<i64>(&["LPUSH", "queue", "1"]).to_string(),
            };
            let what = format!("Redis, {kind}");
            let ended =
                stopped(fault, &what, &redis, consuming(kind, &redis.url(), "queue", "insert"), "handled 1");
            ended.exited(70).said(&["ledger closed"]).reported(&["essential task `orders` failed"]);
        }
    }
}

/// Status 0 is right. Each command has its response, or its sender has the error. Another command would show that
/// the server is gone, but would change nothing.
#[test]
fn redis_with_nothing_in_hand() {
    for fault in [Frozen, Dead, Killed] {
        let redis = Redis::start();
        let ended =
            stopped(fault, "Redis, nothing in hand", &redis, holding("redis", &redis.url(), 0), "ready");
        ended.exited(0).said(&["ledger closed"]).reported(&["Cache", "ok"]);
    }
}

/// Status 0 is right. Each commit has its response, and everything else is rolled back. The close of an idle
/// connection needs no response.
///
/// A statement would show that the server is gone, but would change nothing.
#[test]
fn postgres_with_an_idle_pool() {
    for fault in [Frozen, Dead, Killed] {
        let postgres = Postgres::start();
        let idle = service("databases/idle").env("DATABASE_URL", postgres.url("idle"));
        stopped(fault, "PostgreSQL, idle", &postgres, idle, "ready").exited(0).reported(&["Orders", "ok"]);
    }
}

/// A frozen server keeps the connection. A killed server ends it, and the statement returns the error.
#[test]
fn postgres_with_a_statement_under_way() {
    let asleep = |postgres: &Postgres| {
        service("databases/sleep untracked").env("DATABASE_URL", postgres.url("asleep"))
    };
    let postgres = Postgres::start();
    let ended = stopped(Frozen, "PostgreSQL, with a statement", &postgres, asleep(&postgres), "asleep");
    ended.exited(70).reported(&["Orders", "a connection was never given back"]);
    for fault in [Dead, Killed] {
        let postgres = Postgres::start();
        let ended = stopped(fault, "PostgreSQL, with a statement", &postgres, asleep(&postgres), "asleep");
        ended.exited(0).reported(&["Orders", "ok"]);
        assert!(ended.stdout.iter().any(|line| line.starts_with("slept: Err")), "its error: {ended:?}");
    }
}
