//! What every pool keeps. The tests count at the server.

use std::time::Duration;

use libc::SIGTERM;
use lifecycle_process_tests::{Child, Ended, Program};
use lifecycle_services_tests::{Postgres, Server, wait_until};

/// The grace of a service whose server is at fault.
const GRACE: Duration = Duration::from_secs(6);

/// Configures the program of one client library, by its scenario.
pub type Service = fn(&str) -> Program;

/// The tests that every pool has. The function is a [`Service`](crate::pools::Service), and the name belongs to it alone.
#[macro_export]
macro_rules! pool_tests {
    ($service:ident, $client:literal) => {
        #[test]
        fn a_transaction_in_use_is_committed_before_the_exit() {
            $crate::pools::a_transaction_in_use_is_committed($client, $service);
        }

        #[test]
        fn a_connection_that_is_never_given_back_is_named() {
            $crate::pools::a_connection_that_is_kept_is_named($client, $service);
        }

        #[test]
        fn an_idle_pool_loses_nothing_with_its_server() {
            $crate::pools::an_idle_pool_loses_nothing($service);
        }

        #[test]
        fn a_statement_under_way_is_named_if_its_server_is_frozen() {
            $crate::pools::a_statement_under_way_is_named($service);
        }
    };
}

/// Starts a program, and waits until it is ready.
#[track_caller]
pub fn ready(program: Program) -> Child {
    let mut child = program.start();
    child.wait_for("ready");
    child
}

/// Stops a program that is ready.
#[track_caller]
pub fn stopped(program: Program) -> Ended {
    let mut child = ready(program);
    child.signal(SIGTERM);
    child.stopped()
}

/// Sets what the service of [`sessions`](crate::sessions) reads.
pub fn configured(program: Program, url: &str, run: &str, release: bool) -> Program {
    program.env("DATABASE_URL", url).env("RUN", run).env("RELEASE", if release { "1" } else { "0" })
}

/// A fault of the server around the stop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// The server freezes before the stop.
    Frozen,
    /// The server dies before the stop.
    Dead,
    /// The server freezes before the stop, and dies after it has begun.
    Killed,
}

/// Every fault.
pub const FAULTS: [Fault; 3] = [Fault::Frozen, Fault::Dead, Fault::Killed];

/// Stops the service with a fault of its server. It ends in time in any case.
#[track_caller]
pub fn stopped_with(fault: Fault, server: &Server, program: Program, under_way: &str) -> Ended {
    let mut child = ready(program.grace("6s"));
    child.wait_for(under_way);
    // A frozen server cannot respond in its last moment.
    server.freeze();
    if fault == Fault::Dead {
        server.kill();
    }
    child.signal(SIGTERM);
    if fault == Fault::Killed {
        child.wait_for("stopping");
        server.kill();
    }
    let ended = child.stopped();
    if fault == Fault::Frozen {
        server.thaw();
    }
    println!("{fault:?}: status {:?} after {:?}", ended.status.code(), ended.took);
    ended.within(GRACE);
    ended
}

/// Returns the number of rows that this run of the service has committed.
#[track_caller]
fn rows(postgres: &Postgres, run: &str) -> i64 {
    postgres.number(&format!("SELECT count(*) FROM writes WHERE run = '{run}'"))
}

/// Checks that the teardown waits for a transaction in use, and that it is lost without the teardown.
#[track_caller]
pub fn a_transaction_in_use_is_committed(client: &str, service: Service) {
    let postgres = Postgres::shared();
    let url = postgres.url(client);
    let run = format!("{client} without");
    let ended = stopped(configured(service("commit late"), &url, &run, false));
    ended.exited(0).never_said("committed");
    postgres.is_left(client);
    assert_eq!(rows(postgres, &format!("late {run}")), 0, "nothing was lost without the teardown");
    let cut = postgres.broken_in_work(client).len();
    assert_eq!(cut, 1, "the server saw no transaction that was cut off");

    let run = format!("{client} with");
    let ended = stopped(configured(service("commit late"), &url, &run, true));
    ended.exited(0).said(&["stopping", "committed"]).reported(&["Database", "ok"]);
    postgres.is_left(client);
    assert_eq!(rows(postgres, &format!("late {run}")), 1, "the transaction was lost");
    assert_eq!(postgres.broken_in_work(client).len(), cut, "a transaction was cut off");
}

/// Checks that a connection that is never given back is counted, in time.
#[track_caller]
pub fn a_connection_that_is_kept_is_named(client: &str, service: Service) {
    let (postgres, name) = (Postgres::shared(), format!("{client}-kept"));
    let ended = stopped(configured(service("keep"), &postgres.url(&name), &name, true));
    ended.exited(70).within(Duration::from_secs(4));
    ended.reported(&["Database", "a connection was never given back"]);
    // The session ends with the process.
    postgres.is_left(&name);
    assert_eq!(rows(postgres, &format!("kept {name}")), 0);
}

/// Checks that an idle pool ends well whichever fault its server has.
///
/// Status 0 is right. Each commit has its response, and everything else is rolled back.
#[track_caller]
pub fn an_idle_pool_loses_nothing(service: Service) {
    for fault in FAULTS {
        let postgres = Postgres::start();
        let program = configured(service("idle"), &postgres.url("idle"), "idle", true);
        stopped_with(fault, &postgres, program, "ready").exited(0).reported(&["Database", "ok"]);
    }
}

/// Checks that a statement under way is named if the server is frozen. A dead server ends it with an error.
#[track_caller]
pub fn a_statement_under_way_is_named(service: Service) {
    for fault in FAULTS {
        let postgres = Postgres::start();
        let program = configured(service("sleep"), &postgres.url("asleep"), "asleep", true);
        let ended = stopped_with(fault, &postgres, program, "asleep");
        if fault == Fault::Frozen {
            ended.exited(70).reported(&["Database", "a connection was never given back"]);
        } else {
            ended.exited(0).reported(&["Database", "ok"]);
            assert!(ended.stdout.iter().any(|line| line.starts_with("slept: Err")), "its error: {ended:?}");
        }
    }
}

/// Checks that the server is asked to cancel a statement under way. The close by the library itself does not do that.
#[track_caller]
pub fn a_statement_under_way_is_cancelled(client: &str, service: Service) {
    let (postgres, name) = (Postgres::shared(), format!("{client}-asleep"));
    let sleeping = || postgres.connections(&name, "state = 'active' AND query LIKE '%pg_sleep%'");
    let mut child = ready(configured(service("sleep"), &postgres.url(&name), &name, true));
    wait_until("the statement is under way", || sleeping() == 1);
    child.signal(SIGTERM);
    let ended = child.stopped();
    ended.exited(0).reported(&["Database", "ok"]);
    assert_eq!(sleeping(), 0, "it still sleeps: {ended:?}");
    let cancelled = |line: &String| line.contains("canceling statement due to user request");
    assert!(ended.stdout.iter().any(cancelled), "its error: {ended:?}");
    postgres.is_left(&name);
}
