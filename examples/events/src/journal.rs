//! The file with one line for each event.

use std::path::PathBuf;

use anyhow::Context as _;
use lifecycle::Start;
use tokio::fs::File;
use tokio::io::{AsyncWriteExt as _, BufWriter};
use tokio::sync::Mutex;

#[lifecycle::resource]
pub(crate) struct Journal {
    #[teardown] // flushes and syncs the file
    file: Mutex<BufWriter<File>>,
}

#[lifecycle::start]
impl Start for Journal {
    /// Opens the file that `EVENTS_FILE` names, or `events.txt`.
    async fn start() -> anyhow::Result<Journal> {
        let path = std::env::var_os("EVENTS_FILE").unwrap_or_else(|| "events.txt".into());
        let path = PathBuf::from(path);
        let file = File::options().append(true).create(true).open(&path).await;
        let file = file.with_context(|| format!("cannot open `{}`", path.display()))?;
        Ok(Journal { file: Mutex::new(BufWriter::new(file)) })
    }
}

impl Journal {
    /// Appends lines, and returns when they are on the disk.
    pub(crate) async fn append(&self, lines: impl Iterator<Item = &[u8]>) -> std::io::Result<()> {
        let mut file = self.file.lock().await;
        for line in lines {
            file.write_all(line).await?;
            file.write_all(b"\n").await?;
        }
        file.flush().await?;
        file.get_ref().sync_data().await
    }
}
