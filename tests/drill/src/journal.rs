//! The journal: a file with one line for each settled order.

use std::path::Path;

use lifecycle::{Managed, Teardown};
use tokio::fs::File;
use tokio::io::{AsyncWriteExt as _, BufWriter};
use tokio::sync::Mutex;

use crate::database::Database;
use crate::fault::Fault;

/// A handle that the macro does not know, so that `open` declares the dependency. A fault forgets that.
struct Books(Managed<Database>);

#[lifecycle::resource]
pub(crate) struct Journal {
    books: Books,
    file: Mutex<BufWriter<File>>,
}

/// Opens the journal in the folder, or creates it.
pub(crate) async fn open(folder: &Path, database: &Managed<Database>) -> anyhow::Result<Managed<Journal>> {
    let file = File::options().append(true).create(true).open(folder.join("journal.txt")).await?;
    database.set_journal_length(None).await?;
    let (books, file) = (Books(database.clone()), Mutex::new(BufWriter::new(file)));
    let journal = lifecycle::manage(Journal { books, file });
    if !Fault::ClosedUnderItsUser.is_planted() && !Fault::SwallowsTheError.is_planted() {
        journal.depends_on(database);
    }
    Ok(journal)
}

impl Journal {
    /// Adds a line to the buffer. The teardown writes the buffer to the file.
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
        file.flush().await?;
        let bytes = i64::try_from(file.get_ref().metadata().await?.len())?;
        let stored = self.books.0.set_journal_length(Some(bytes)).await;
        if Fault::SwallowsTheError.is_planted() {
            if let Err(error) = stored {
                eprintln!("cannot store the length of the journal: {error}");
            }
            return Ok(());
        }
        Ok(stored?)
    }
}
