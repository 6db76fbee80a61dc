//! The upload of an `object_store::buffered::BufWriter`.

include!("../../../shutdown-core/ready-made/object_store.rs");

use std::sync::Arc;

use object_store::local::LocalFileSystem;

#[tokio::test]
async fn the_object_exists_after_the_teardown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("object");
    let store = Arc::new(LocalFileSystem::new_with_prefix(folder.path()).unwrap());
    let mut object = BufWriter::new(store, "object".into());
    object.write_all(b"the last words").await.unwrap();
    object.flush().await.unwrap();
    let upload = Upload { object: Mutex::new(Some(object)) };
    assert!(!path.exists());
    lifecycle_ready_made_tests::stopped(upload).await;
    assert_eq!(std::fs::read(path).unwrap(), b"the last words");
}
