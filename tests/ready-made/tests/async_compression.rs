//! The trailer of an `async_compression::tokio::write::GzipEncoder`.

include!("../../../shutdown-core/ready-made/async_compression.rs");

#[tokio::test]
async fn the_trailer_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lines");
    let mut lines = GzipEncoder::new(File::create(&path).await.unwrap());
    lines.write_all(b"the last words").await.unwrap();
    let archive = Archive { lines: Mutex::new(Some(lines)) };
    assert!(text(&path).is_err());
    lifecycle_ready_made_tests::stopped(archive).await;
    assert_eq!(text(&path).unwrap(), "the last words");
}

fn text(path: &std::path::Path) -> io::Result<String> {
    io::read_to_string(flate2::read::GzDecoder::new(std::fs::File::open(path)?))
}
