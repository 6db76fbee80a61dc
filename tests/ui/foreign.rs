//! What a bare `#[teardown]` does with the types of other crates, at run time.
#![cfg(feature = "clients")]

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use lifecycle::{Lifecycle, Report, Resource, Slot};

/// Tears a value down in its own lifecycle.
async fn stopped<T: Resource>(value: T) -> Report {
    Lifecycle::builder().run(async { drop(lifecycle::manage(value)) }).await
}

#[track_caller]
fn is_clean(report: &Report) {
    assert_eq!(report.exit_status(), 0, "{report}");
}

fn path(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("lifecycle-foreign-{}-{name}", std::process::id()))
}

fn buffered(path: &PathBuf) -> BufWriter<File> {
    let mut writer = BufWriter::new(File::create(path).unwrap());
    writer.write_all(b"last words").unwrap();
    writer
}

#[track_caller]
fn is_written(path: &PathBuf) {
    assert_eq!(std::fs::read_to_string(path).unwrap(), "last words", "{}", path.display());
    std::fs::remove_file(path).unwrap();
}

#[lifecycle::resource]
struct Locks {
    #[teardown]
    option: Arc<parking_lot::Mutex<Option<BufWriter<File>>>>,
    #[teardown]
    plain: parking_lot::Mutex<BufWriter<File>>,
    #[teardown]
    fair: parking_lot::FairMutex<Vec<BufWriter<File>>>,
    #[teardown]
    swapped: ArcSwap<Mutex<BufWriter<File>>>,
    #[teardown]
    once: once_cell::sync::OnceCell<Mutex<BufWriter<File>>>,
    #[teardown]
    never: once_cell::sync::Lazy<Mutex<BufWriter<File>>>,
}

#[tokio::test]
async fn a_writer_in_a_lock_of_another_crate_is_flushed() {
    let paths = ["option", "plain", "fair", "swapped", "once"].map(path);
    let locks = Locks {
        option: Arc::new(parking_lot::Mutex::new(Some(buffered(&paths[0])))),
        plain: parking_lot::Mutex::new(buffered(&paths[1])),
        fair: parking_lot::FairMutex::new(vec![buffered(&paths[2])]),
        swapped: ArcSwap::from_pointee(Mutex::new(buffered(&paths[3]))),
        once: Mutex::new(buffered(&paths[4])).into(),
        never: once_cell::sync::Lazy::new(|| panic!("a teardown does not fill a cell")),
    };
    // A clone, so that the drop of the resource flushes nothing.
    let shared = Arc::clone(&locks.option);
    let swapped = locks.swapped.load_full();
    is_clean(&stopped(locks).await);
    paths.iter().for_each(is_written);
    drop((shared, swapped));
}

#[lifecycle::resource]
struct Channels {
    #[teardown]
    flume: Slot<flume::Sender<u8>>,
    #[teardown]
    crossbeam: Arc<Mutex<Option<crossbeam_channel::Sender<u8>>>>,
}

#[tokio::test]
async fn a_channel_of_another_crate_ends_with_its_sender() {
    let (flume, events) = flume::unbounded();
    let (crossbeam, jobs) = crossbeam_channel::unbounded();
    let crossbeam = Arc::new(Mutex::new(Some(crossbeam)));
    let kept = Arc::clone(&crossbeam);
    is_clean(&stopped(Channels { flume: Slot::new(flume), crossbeam }).await);
    assert_eq!(events.recv(), Err(flume::RecvError::Disconnected));
    assert_eq!(jobs.recv(), Err(crossbeam_channel::RecvError));
    drop(kept);
}

#[lifecycle::resource]
struct Tasks {
    #[teardown]
    tracker: tokio_util::task::TaskTracker,
}

#[tokio::test]
async fn the_tasks_of_a_tracker_are_waited_for() {
    let tracker = tokio_util::task::TaskTracker::new();
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let task = tracker.spawn(async move {
        ended.await.unwrap();
        tokio::task::yield_now().await;
        7
    });
    let kept = tracker.clone();
    end.send(()).unwrap();
    is_clean(&stopped(Tasks { tracker }).await);
    assert!(kept.is_closed() && kept.is_empty());
    assert_eq!(task.await.unwrap(), 7);
}

#[lifecycle::resource]
struct Files {
    #[teardown]
    rows: Mutex<csv::Writer<File>>,
    #[teardown]
    folder: Slot<tempfile::TempDir>,
    #[teardown]
    file: Option<Slot<tempfile::NamedTempFile>>,
    #[teardown]
    gone: Slot<tempfile::TempPath>,
    #[teardown]
    listener: Slot<lifecycle::net::SocketListener>,
}

#[tokio::test]
async fn files_and_folders_of_other_crates_are_released() {
    let table = path("table");
    let mut rows = csv::Writer::from_path(&table).unwrap();
    rows.write_record(["last", "words"]).unwrap();
    let (folder, file) = (tempfile::tempdir().unwrap(), tempfile::NamedTempFile::new().unwrap());
    let gone = tempfile::NamedTempFile::new().unwrap().into_temp_path();
    std::fs::remove_file(&gone).unwrap();
    let (inside, name) = (folder.path().to_owned(), file.path().to_owned());
    std::fs::write(inside.join("any"), "any").unwrap();
    let listener = lifecycle::net::listen("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let report = stopped(Files {
        rows: Mutex::new(rows),
        folder: Slot::new(folder),
        file: Some(Slot::new(file)),
        gone: Slot::new(gone),
        listener: Slot::new(listener),
    })
    .await;
    is_clean(&report);
    assert_eq!(std::fs::read_to_string(&table).unwrap(), "last,words\n");
    assert!(!inside.exists() && !name.exists());
    assert!(std::net::TcpStream::connect(address).is_err());
    std::fs::remove_file(table).unwrap();
}
