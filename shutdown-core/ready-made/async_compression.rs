use std::io;

use async_compression::tokio::write::GzipEncoder;
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Mutex;

lifecycle::known_types! {
    GzipEncoder<File>, "the last block and the checksum, without which the file is broken", "finish", take;
}

trait Finish {
    async fn finish(self) -> io::Result<()>;
}

impl Finish for GzipEncoder<File> {
    async fn finish(mut self) -> io::Result<()> {
        self.shutdown().await?;
        self.into_inner().sync_all().await
    }
}

#[lifecycle::resource]
pub struct Archive {
    #[teardown]
    pub lines: Mutex<Option<GzipEncoder<File>>>,
}
