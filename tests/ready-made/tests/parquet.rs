//! The footer of a `parquet::arrow::ArrowWriter`.

include!("../../../shutdown-core/ready-made/parquet.rs");

use std::sync::Arc;

use parquet::file::reader::{FileReader as _, SerializedFileReader};

#[tokio::test]
async fn the_last_rows_and_the_footer_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows");
    let column: arrow_array::ArrayRef = Arc::new(arrow_array::Int64Array::from(vec![1, 2, 3]));
    let batch = arrow_array::RecordBatch::try_from_iter([("n", column)]).unwrap();
    let mut rows = ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), None).unwrap();
    rows.write(&batch).unwrap();
    let events = Events { rows: Mutex::new(Some(rows)) };
    assert!(SerializedFileReader::new(File::open(&path).unwrap()).is_err());
    lifecycle_ready_made_tests::stopped(events).await;
    let reader = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
    assert_eq!(reader.metadata().file_metadata().num_rows(), 3);
}
