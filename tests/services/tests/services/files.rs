//! A file that cannot be written appears in the report.

use lifecycle_process_tests::Folder;

use crate::{ready, service};

#[test]
fn a_full_disk_is_in_the_report() {
    let ended = ready(service("files/journal").env("JOURNAL", "/dev/full")).stop();
    ended.exited(70).said(&["ledger closed"]).reported(&["Journal", "No space left on device"]);
}

#[test]
fn a_folder_that_is_gone_is_in_the_report() {
    let folder = Folder::new();
    let child = ready(service("files/snapshot").env("JOURNAL", folder.path("snapshot")));
    drop(folder);
    let ended = child.stop();
    ended.exited(70).said(&["ledger closed"]).reported(&["Snapshot", "No such file or directory"]);
}

#[test]
fn what_was_buffered_is_in_the_file() {
    let folder = Folder::new();
    let path = folder.path("journal");
    ready(service("files/journal").env("JOURNAL", &path)).stop().exited(0);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "the last words\n");
}
