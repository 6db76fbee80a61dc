//! The disconnect of a `mysql_async` pool waits for its connections in use, and tells the server.

use std::time::Duration;

use lifecycle_clients_tests::pools::{self, FAULTS, Fault, configured, stopped, stopped_with};
use lifecycle_process_tests::{Program, program};
use lifecycle_services_tests::{MariaDb, wait_until};

fn service(scenario: &str) -> Program {
    program!("mysql_async", scenario)
}

fn rows(mariadb: &MariaDb, run: &str) -> i64 {
    mariadb.numbers(&format!("SELECT count(*) FROM service.writes WHERE run = '{run}'"))[0]
}

/// One test, because it counts the aborted clients of the whole server.
#[test]
fn a_transaction_in_use_is_committed_and_no_client_is_aborted() {
    let mariadb = MariaDb::start();
    let left = || wait_until("the end of every connection", || mariadb.connections() == 0);

    let before = mariadb.aborted();
    let ended = stopped(configured(service("commit late"), &mariadb.url(), "without", false));
    ended.exited(0).never_said("committed");
    left();
    assert_eq!(rows(&mariadb, "late without"), 0, "nothing was lost without the teardown");
    assert_eq!(mariadb.aborted() - before, 1, "the server saw no client that was cut off");

    let before = mariadb.aborted();
    let ended = stopped(configured(service("idle"), &mariadb.url(), "idle without", false));
    ended.exited(0);
    left();
    assert_eq!(mariadb.aborted() - before, 3, "the server saw no client that was cut off");

    let before = mariadb.aborted();
    let ended = stopped(configured(service("commit late"), &mariadb.url(), "with", true));
    ended.exited(0).said(&["stopping", "committed"]).reported(&["Database", "ok"]);
    left();
    assert_eq!(rows(&mariadb, "late with"), 1, "the transaction was lost");
    let ended = stopped(configured(service("idle"), &mariadb.url(), "idle with", true));
    ended.exited(0).reported(&["Database", "ok"]);
    left();
    assert_eq!(mariadb.aborted(), before, "clients were cut off");

    let ended = stopped(configured(service("keep"), &mariadb.url(), "keep", true));
    ended.exited(70).within(Duration::from_secs(4));
    ended.reported(&["Database", "a connection was never given back"]);
    left();
    assert_eq!(rows(&mariadb, "kept keep"), 0);
}

/// Status 0 is right for an idle pool: each statement has its response.
#[test]
fn an_idle_pool_loses_nothing_with_its_server() {
    for fault in FAULTS {
        let mariadb = MariaDb::start();
        let program = configured(service("idle"), &mariadb.url(), "idle", true);
        stopped_with(fault, &mariadb, program, "ready").exited(0).reported(&["Database", "ok"]);
    }
}

#[test]
fn a_statement_under_way_is_named_if_its_server_is_frozen() {
    for fault in FAULTS {
        let mariadb = MariaDb::start();
        let program = configured(service("sleep"), &mariadb.url(), "sleep", true);
        let ended = pools::stopped_with(fault, &mariadb, program, "asleep");
        if fault == Fault::Frozen {
            ended.exited(70).reported(&["Database", "a connection was never given back"]);
        } else {
            ended.exited(0).reported(&["Database", "ok"]);
            assert!(ended.stdout.iter().any(|line| line.starts_with("slept: Err")), "its error: {ended:?}");
        }
    }
}
