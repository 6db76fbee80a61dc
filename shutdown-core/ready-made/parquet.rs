use std::fs::File;
use std::sync::Mutex;

use parquet::arrow::ArrowWriter;
use parquet::errors::ParquetError;

lifecycle::known_types! {
    ArrowWriter<File>, "the last rows and the footer, without which the file is unreadable", "finish_and_sync", blocking, take;
}

trait FinishAndSync {
    fn finish_and_sync(self) -> Result<(), ParquetError>;
}

impl FinishAndSync for ArrowWriter<File> {
    fn finish_and_sync(self) -> Result<(), ParquetError> {
        Ok(self.into_inner()?.sync_all()?)
    }
}

#[lifecycle::resource]
pub struct Events {
    #[teardown]
    pub rows: Mutex<Option<ArrowWriter<File>>>,
}
