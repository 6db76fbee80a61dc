//! The accountant's journal: a line for each settled order.

use std::path::Path;

use anyhow::Context as _;
use lifecycle::{Managed, Teardown};
use tokio::fs::File;
use tokio::io::{AsyncWriteExt as _, BufWriter};
use tokio::sync::Mutex;

use crate::shop::Database;

/// Lines wait in a buffer, so somebody has to flush it at the end. Then the database notes how far the journal
/// reaches, so it has to be open still: the field says that, and nothing else has to.
#[lifecycle::resource]
pub(crate) struct Journal {
    database: Managed<Database>,
    file: Mutex<BufWriter<File>>,
}

impl Journal {
    pub(crate) async fn open(folder: &Path, database: Managed<Database>) -> anyhow::Result<Journal> {
        let path = folder.join("journal.txt");
        let file = File::options().append(true).create(true).open(path).await?;
        sqlx::query("DELETE FROM journal").execute(&database.pool).await?;
        Ok(Journal { database, file: Mutex::new(BufWriter::new(file)) })
    }

    pub(crate) async fn record(&self, order: &str) -> std::io::Result<()> {
        let line = format!("settled {order}\n");
        self.file.lock().await.write_all(line.as_bytes()).await
    }
}

#[lifecycle::teardown]
impl Teardown for Journal {
    async fn teardown(&self) -> anyhow::Result<()> {
        let mut file = self.file.lock().await;
        file.flush().await.context("flush the journal")?;
        file.get_ref().sync_all().await.context("sync the journal")?;
        let bytes = file.get_ref().metadata().await?.len();
        sqlx::query("INSERT INTO journal VALUES (?)")
            .bind(i64::try_from(bytes)?)
            .execute(&self.database.pool)
            .await
            .context("note how far the journal reaches")?;
        Ok(())
    }
}
