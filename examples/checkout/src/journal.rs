//! The journal: a file with one line for each settled order.

use anyhow::Context as _;
use lifecycle::{Managed, Start, Teardown};
use tokio::fs::File;
use tokio::io::{AsyncWriteExt as _, BufWriter};
use tokio::sync::Mutex;

use crate::arguments::Arguments;
use crate::database::Database;

#[lifecycle::resource]
pub(crate) struct Journal {
    // Because of this field, the journal is torn down before the database.
    database: Managed<Database>,
    file: Mutex<BufWriter<File>>,
}

#[lifecycle::start]
impl Start for Journal {
    /// Opens the journal in the folder, or creates it.
    async fn start(arguments: Managed<Arguments>, database: Managed<Database>) -> anyhow::Result<Journal> {
        let path = arguments.folder.join("journal.txt");
        let file = File::options().append(true).create(true).open(path).await?;
        database.set_journal_length(None).await?;
        Ok(Journal { database, file: Mutex::new(BufWriter::new(file)) })
    }
}

impl Journal {
    /// Adds a line to the buffer. The teardown writes the buffer to the disk.
    pub(crate) async fn record(&self, order: &str) -> std::io::Result<()> {
        let line = format!("settled {order}\n");
        self.file.lock().await.write_all(line.as_bytes()).await
    }
}

#[lifecycle::teardown]
impl Teardown for Journal {
    /// Writes the last lines, then stores the length of the file in the database.
    async fn teardown(&self) -> anyhow::Result<()> {
        let mut file = self.file.lock().await;
        file.flush().await.context("cannot flush the journal")?;
        file.get_ref().sync_all().await.context("cannot sync the journal")?;
        let bytes = i64::try_from(file.get_ref().metadata().await?.len())?;
        self.database.set_journal_length(Some(bytes)).await.context("cannot store the length of the journal")
    }
}
