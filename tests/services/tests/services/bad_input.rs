//! A server that is missing or rejects the user causes one error and status 1. The managed instances are torn
//! down.

use std::time::Duration;

use lifecycle_services_tests::{MariaDb, Nats, Postgres, RabbitMq, Redis};

use crate::service;

/// An address on which no server listens.
const NOBODY: &str = "127.0.0.1:1";

#[track_caller]
fn refuses(server: &str, url: &str, says: &str) {
    let ended = service(&format!("hold/{server}")).env("BROKER_URL", url).run();
    ended.exited(1).said(&["ledger closed"]).never_said("ready").within(Duration::from_secs(1));
    ended.reported(&["main failed:", says]);
    println!("{server} at {url}: gone after {:?}", ended.took);
}

#[test]
fn nobody_listens() {
    // A pool retries until its time-out, and returns only that error.
    refuses("postgres", &format!("postgres://test@{NOBODY}/postgres"), "PoolTimedOut");
    refuses("mariadb", &format!("mysql://root@{NOBODY}/service"), "PoolTimedOut");
    refuses("rabbitmq", &format!("amqp://{NOBODY}/%2f"), "refused");
    refuses("redis", &format!("redis://{NOBODY}"), "refused");
    refuses("nats", &format!("nats://{NOBODY}"), "refused");
}

#[test]
fn the_password_is_wrong() {
    let port = Postgres::shared().port();
    refuses(
        "postgres",
        &format!("postgres://locked:wrong@127.0.0.1:{port}/postgres"),
        "password authentication",
    );
    let port = MariaDb::shared().port();
    refuses("mariadb", &format!("mysql://root:wrong@127.0.0.1:{port}/service"), "Access denied");
    let redis = Redis::start();
    redis.run::<String>(&["CONFIG", "SET", "requirepass", "secret"]);
    refuses("redis", &format!("redis://:wrong@127.0.0.1:{}", redis.port()), "authentication failed");
    let port = RabbitMq::shared().port();
    refuses("rabbitmq", &format!("amqp://guest:wrong@127.0.0.1:{port}/%2f"), "ACCESS");
    let nats = Nats::locked();
    refuses("nats", &format!("nats://u:wrong@127.0.0.1:{}", nats.port()), "AuthorizationViolation");
}

#[test]
fn the_host_is_unknown() {
    for (server, url) in [
        ("postgres", "postgres://test@no-such-host.invalid/postgres"),
        ("mariadb", "mysql://root@no-such-host.invalid/service"),
        ("rabbitmq", "amqp://no-such-host.invalid/%2f"),
        ("redis", "redis://no-such-host.invalid"),
        ("nats", "nats://no-such-host.invalid"),
    ] {
        refuses(server, url, "lookup address");
    }
}
