//! No statement and no transaction is left at `PostgreSQL`.

use std::time::Duration;

use lifecycle_process_tests::Ended;
use lifecycle_services_tests::{Postgres, wait_until};

use crate::{ready, service};

/// Stops the service while its statement sleeps on the server.
#[track_caller]
fn stopped_asleep(scenario: &str, name: &str, grace: &str) -> Ended {
    let postgres = Postgres::shared();
    let program = service(&format!("databases/{scenario}")).env("DATABASE_URL", postgres.url(name));
    let child = ready(program.grace(grace));
    wait_until("the statement is under way", || {
        postgres.connections(name, "state = 'active' AND query LIKE '%pg_sleep%'") == 1
    });
    let ended = child.stop();
    // Without a cancellation the statement would end after a minute.
    assert_eq!(
        postgres.connections(name, "state = 'active' AND query LIKE '%pg_sleep%'"),
        0,
        "it still sleeps: {ended:?}"
    );
    // The server may still be reading the end of the connection, which ends its transaction.
    postgres.is_left(name);
    println!("{scenario}: left after {:?}; hung up {}", ended.took, postgres.broken_in_work(name).len());
    ended
}

/// The statement is not tracked. The teardown closes its pool, which waits for half of its time-out and then
/// cancels.
#[test]
fn a_statement_that_nobody_tracks_is_cancelled_by_the_close_of_its_pool() {
    let ended = stopped_asleep("sleep untracked", "sleep-untracked", "20s");
    ended.exited(0).within(Duration::from_secs(4));
    assert!(ended.stdout.iter().any(|line| line.contains("canceling statement due to user request")));
}

#[test]
fn a_statement_that_is_cut_off_with_its_task_is_cancelled() {
    let ended = stopped_asleep("sleep", "sleep-tracked", "6s");
    ended.exited(70).within(Duration::from_secs(6)).reported(&["task", "databases.rs"]);
    // The pool is closed, and all missing connections were cancelled.
    ended.not_reported("never given back").reported(&["Orders", "ok"]);
}

#[test]
fn a_transaction_whose_statement_is_cut_off_is_rolled_back() {
    let ended = stopped_asleep("sleep in a transaction", "sleep-in-a-transaction", "6s");
    ended.exited(70).within(Duration::from_secs(6)).not_reported("never given back");
    assert_eq!(Postgres::shared().number("SELECT count(*) FROM writes WHERE run = 'asleep'"), 0);
}

#[test]
fn a_connection_that_is_never_given_back_is_counted() {
    let (postgres, name) = (Postgres::shared(), "kept");
    let ended = ready(service("databases/keep a connection").env("DATABASE_URL", postgres.url(name))).stop();
    ended.exited(70).within(Duration::from_secs(4));
    ended.reported(&["Orders", "a connection was never given back"]);
    // The connection ends with the process.
    postgres.is_left(name);
    assert_eq!(postgres.number("SELECT count(*) FROM writes WHERE run = 'kept'"), 0);
}

/// The pool also has idle connections, which are closed although one never comes back. So they are not counted.
#[test]
fn only_the_connections_that_are_never_given_back_are_counted() {
    let (postgres, name) = (Postgres::shared(), "one-of-two");
    ready(service("databases/keep one of two").env("DATABASE_URL", postgres.url(name)))
        .stop()
        .exited(70)
        .reported(&["Orders", "a connection was never given back"]);
    postgres.is_left(name);
    assert_eq!(postgres.broken(name).len(), 1, "hung up: {:?}", postgres.broken(name));
}

/// The pool begins to close before the connection is back. It waits for this connection as well as for the idle
/// ones.
#[test]
fn a_connection_that_comes_back_late_is_closed_too() {
    let (postgres, name) = (Postgres::shared(), "late");
    let program = service("databases/give one back late").env("DATABASE_URL", postgres.url(name));
    let ended = ready(program).stop();
    ended.exited(0).said(&["slept: true"]).reported(&["Orders", "ok"]);
    postgres.is_left(name);
    assert!(postgres.broken(name).is_empty(), "hung up: {:?}", postgres.broken(name));
}
