//! The write-ahead log of a `rusqlite::Connection`.

include!("../../../shutdown-core/ready-made/rusqlite.rs");

#[tokio::test]
async fn the_write_ahead_log_is_merged_into_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let (path, log) = (folder.path().join("db"), folder.path().join("db-wal"));
    let connection = Connection::open(path).unwrap();
    connection.pragma_update(None, "journal_mode", "wal").unwrap();
    connection.execute_batch("CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (7)").unwrap();
    let database = Database { connection: Mutex::new(Some(connection)) };
    assert!(log.exists());
    lifecycle_ready_made_tests::stopped(database).await;
    assert!(!log.exists());
}
