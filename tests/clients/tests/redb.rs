//! Commits of a `redb` database, read back from its file.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use libc::SIGTERM;
use lifecycle_process_tests::{Ended, program};
use redb::{Database, ReadableDatabase as _, ReadableTable as _, TableDefinition};

const TABLE: TableDefinition<&str, u64> = TableDefinition::new("orders");

/// A service that was stopped, and the file that it has left.
struct Stopped {
    ended: Ended,
    path: PathBuf,
}

impl Drop for Stopped {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.path));
    }
}

#[track_caller]
fn stopped(scenario: &str) -> Stopped {
    let path = std::env::temp_dir().join(format!("lifecycle-redb-{}-{scenario}", std::process::id()));
    let mut child = program!("redb", scenario).grace("3s").env("FILE", &path).start();
    child.wait_for("ready");
    child.signal(SIGTERM);
    Stopped { ended: child.stopped(), path }
}

/// Returns the keys of the table, and whether the open has walked the whole file for a repair.
fn opened(path: &Path) -> (Vec<String>, bool) {
    let repaired = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&repaired);
    let mut builder = Database::builder();
    builder.set_repair_callback(move |_| seen.store(true, Ordering::SeqCst));
    let db = builder.open(path).unwrap();
    let table = db.begin_read().unwrap().open_table(TABLE).unwrap();
    let keys = table.iter().unwrap().map(|entry| entry.unwrap().0.value().to_owned()).collect();
    (keys, repaired.load(Ordering::SeqCst))
}

/// R22, R23.
#[test]
fn commits_without_durability_are_kept_and_no_repair_is_needed() {
    for scenario in ["shared", "owned"] {
        let stopped = stopped(scenario);
        stopped.ended.exited(0);
        let (keys, repaired) = opened(&stopped.path);
        assert_eq!(keys, ["durable", "not durable"], "{scenario}");
        assert!(!repaired, "{scenario}");
    }
}

/// R23: what is lost without the release.
#[test]
fn without_a_release_such_commits_are_lost_and_the_file_is_repaired() {
    let stopped = stopped("forgotten");
    stopped.ended.exited(0);
    assert_eq!(opened(&stopped.path), (vec!["durable".to_owned()], true));
}

#[test]
fn a_transaction_that_the_teardown_commits_is_in_the_file() {
    let stopped = stopped("batch");
    stopped.ended.exited(0);
    assert_eq!(opened(&stopped.path).0, ["durable", "in a batch", "not durable"]);
}

/// R22: the last commit cannot begin, so the teardown says so in its time.
#[test]
fn a_transaction_that_never_ends_is_a_failure() {
    let stopped = stopped("stuck");
    stopped.ended.exited(70).reported(&["Shared", "a write transaction has not ended"]);
}
