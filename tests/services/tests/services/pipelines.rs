//! A source stops before its sink only because a channel closes.

use std::time::Duration;

use libc::SIGTERM;
use lifecycle_services_tests::{Postgres, RabbitMq, ask};
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::consumers::handled;
use crate::{ready, service};

/// The writer cannot write before the stop begins, and does not watch for the stop.
#[test]
fn what_is_queued_is_written() {
    let (postgres, broker, queue) = (Postgres::start(), RabbitMq::shared(), "pipeline");
    broker.fill(queue, 1_000);
    let mut lock = ask(PgConnection::connect(&postgres.url("lock"))).unwrap();
    ask(lock.execute("BEGIN; LOCK TABLE handled IN EXCLUSIVE MODE")).unwrap();
    let program = service("pipeline/").env("BROKER_URL", broker.url()).env("QUEUE", queue);
    let program = program.env("DATABASE_URL", postgres.url(queue)).env("PREFETCH", "32");
    let mut child = ready(program);
    // At this line the writer has taken one of the 1000 messages.
    child.wait_for("queued 999");
    child.signal(SIGTERM);
    child.wait_for("stopping");
    ask(lock.execute("COMMIT")).unwrap();
    ask(lock.close()).unwrap();
    let ended = child.stopped();
    ended.exited(0).said(&["stopping", "written 1000"]).within(Duration::from_secs(10));
    assert_eq!(postgres.number("SELECT count(DISTINCT id) FROM handled"), 1_000);
    assert_eq!(postgres.number("SELECT count(*) FROM handled"), 1_000);
    assert_eq!(handled(queue), (0, 0), "the other server has no part in this");
    assert_eq!(broker.waiting(queue), 0);
    println!("pipeline: 1000 queued, 1000 written, left after {:?}", ended.took);
}
