use std::io;

use object_store::buffered::BufWriter;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Mutex;

lifecycle::known_types! {
    BufWriter, "the whole object, which exists only after the end of its upload", "finish", take;
}

trait Finish {
    async fn finish(self) -> io::Result<()>;
}

impl Finish for BufWriter {
    async fn finish(mut self) -> io::Result<()> {
        self.shutdown().await
    }
}

#[lifecycle::resource]
pub struct Upload {
    #[teardown]
    pub object: Mutex<Option<BufWriter>>,
}
