//! A file that cannot be written appears in the report.

use libc::SIGTERM;

use crate::{ready, service, well};

#[test]
fn a_full_disk_is_in_the_report() {
    let mut child = ready(service("files/journal").env("JOURNAL", "/dev/full"));
    child.signal(SIGTERM);
    let ended = child.stopped();
    ended.exited(70).said(&["ledger closed"]).reported(&["Journal", "No space left on device"]);
}

#[test]
fn a_folder_that_is_gone_is_in_the_report() {
    let folder = std::env::temp_dir().join(format!("lifecycle-gone-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut child = ready(service("files/snapshot").env("JOURNAL", folder.join("snapshot")));
    std::fs::remove_dir_all(&folder).unwrap();
    child.signal(SIGTERM);
    let ended = child.stopped();
    ended.exited(70).said(&["ledger closed"]).reported(&["Snapshot", "No such file or directory"]);
}

#[test]
fn what_was_buffered_is_in_the_file() {
    let path = std::env::temp_dir().join(format!("lifecycle-journal-{}", std::process::id()));
    let mut child = ready(service("files/journal").env("JOURNAL", &path));
    child.signal(SIGTERM);
    well(&child.stopped());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "the last words\n");
    std::fs::remove_file(path).unwrap();
}
