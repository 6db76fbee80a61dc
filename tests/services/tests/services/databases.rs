//! The database has every acknowledged write and no half of a write, at whichever instant the service stops.

use std::collections::BTreeSet;

use lifecycle_process_tests::{Ended, Folder, Program, Random, soak};
use lifecycle_services_tests::{MariaDb, Postgres, wait_until};

use crate::{ready, service};

fn runs() -> usize {
    if soak() { 50 } else { 5 }
}

fn writing(scenario: &str, url: &str, run: &str, writers: u32) -> Program {
    let program = service(scenario).env("DATABASE_URL", url).env("RUN", run);
    program.env("WRITERS", writers.to_string()).env("POLITE", "1")
}

/// Stops the service after a random number of transactions.
fn stopped(program: Program, random: &mut Random) -> Ended {
    let mut child = ready(program);
    child.wait_for(&format!("written {}", 1 + random.below(600)));
    child.stop()
}

/// Checks that `halves` has each acknowledged write twice and no write once. Returns the number of acknowledged
/// writes.
#[track_caller]
fn none_lost_none_half(ended: &Ended, halves: &[i64]) -> usize {
    let acknowledged = ended.stdout.iter().filter_map(|line| line.strip_prefix("acknowledged "));
    let acknowledged: BTreeSet<i64> = acknowledged.map(|id| id.parse().expect("a number")).collect();
    let written: BTreeSet<i64> = halves.iter().copied().collect();
    let lost: Vec<_> = acknowledged.difference(&written).collect();
    assert!(lost.is_empty(), "acknowledged, and not there: {lost:?}");
    assert_eq!(halves.len(), 2 * written.len(), "written by halves, or twice");
    acknowledged.len()
}

#[test]
fn postgres_keeps_each_acknowledged_write_and_no_half_of_one() {
    let (postgres, mut random) = (Postgres::shared(), Random::new());
    for run in 0..runs() {
        let name = format!("writes{run}");
        let ended = stopped(writing("databases/write", &postgres.url(&name), &name, 200), &mut random);
        ended.exited(0);
        assert!(ended.stdout.iter().all(|line| !line.starts_with("failed")), "a write failed: {ended:?}");
        let count = none_lost_none_half(
            &ended,
            &postgres.numbers(&format!("SELECT id FROM writes WHERE run = '{name}'")),
        );
        postgres.is_left(&name);
        let broken = postgres.broken(&name);
        assert!(broken.is_empty(), "hung up: {broken:?}\n{}", ended.stderr.join("\n"));
        println!(
            "PostgreSQL, run {run}: {count} acknowledged, 0 lost, 0 half, 0 hung up, left after {:?}",
            ended.took
        );
    }
}

/// The end of the drain cuts off writers that never end, at any statement.
#[test]
fn postgres_rolls_back_what_is_cut_off() {
    let (postgres, mut random) = (Postgres::shared(), Random::new());
    for run in 0..if soak() { 10 } else { 2 } {
        let name = format!("cut{run}");
        let program = writing("databases/write", &postgres.url(&name), &name, 100);
        let ended = stopped(program.env("POLITE", "0").grace("8s"), &mut random);
        ended.exited(70).within(std::time::Duration::from_secs(8));
        let count = none_lost_none_half(
            &ended,
            &postgres.numbers(&format!("SELECT id FROM writes WHERE run = '{name}'")),
        );
        postgres.is_left(&name);
        let broken = postgres.broken_in_work(&name).len();
        println!(
            "PostgreSQL, cut off {run}: {count} acknowledged, 0 lost, 0 half, after {:?}; hung up {broken}",
            ended.took
        );
    }
}

#[test]
fn mariadb_keeps_each_acknowledged_write_and_no_half_of_one() {
    let (mariadb, mut random) = (MariaDb::shared(), Random::new());
    let aborted = mariadb.aborted();
    for run in 0..if soak() { 50 } else { 3 } {
        let name = format!("writes{run}");
        let ended = stopped(writing("databases/write to mariadb", &mariadb.url(), &name, 200), &mut random);
        ended.exited(0);
        let count = none_lost_none_half(
            &ended,
            &mariadb.numbers(&format!("SELECT id FROM service.writes WHERE run = '{name}'")),
        );
        wait_until("the end of every connection", || mariadb.connections() == 0);
        assert_eq!(mariadb.aborted(), aborted, "connections broke");
        println!("MariaDB, run {run}: {count} acknowledged, 0 lost, 0 half, left after {:?}", ended.took);
    }
}

#[test]
fn sqlite_keeps_each_acknowledged_write_and_no_half_of_one() {
    let mut random = Random::new();
    let folder = Folder::new();
    for run in 0..if soak() { 50 } else { 3 } {
        let file = folder.path(format!("{run}.db"));
        let program = writing("databases/write to sqlite", "", "sqlite", 20);
        let ended = stopped(program.env("DATABASE_FILE", &file), &mut random);
        ended.exited(0);
        // The last connection removes this file when it closes.
        assert!(!folder.path(format!("{run}.db-wal")).exists(), "the log is left behind");
        let count = none_lost_none_half(&ended, &lifecycle_services_tests::sqlite_numbers(&file));
        println!("SQLite, run {run}: {count} acknowledged, 0 lost, 0 half, left after {:?}", ended.took);
    }
}
