//! A service that writes a journal.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::sync::Mutex;

use lifecycle::Teardown;

use crate::consuming::Ledger;
use crate::{Error, serve, setting};

#[lifecycle::resource]
struct Journal {
    #[teardown]
    file: Mutex<BufWriter<File>>,
}

/// A journal that is kept in memory and written when the service stops.
#[lifecycle::resource]
struct Snapshot(PathBuf);

#[lifecycle::teardown]
impl Teardown for Snapshot {
    async fn teardown(&self) -> std::io::Result<()> {
        tokio::fs::write(&self.0, "all of it").await
    }
}

pub(crate) async fn run(name: &str) -> Result<(), Error> {
    lifecycle::manage(Ledger);
    let path = PathBuf::from(setting("JOURNAL"));
    match name {
        "journal" => {
            let file = File::options().append(true).create(true).open(path)?;
            let journal = lifecycle::manage(Journal { file: Mutex::new(BufWriter::new(file)) });
            writeln!(journal.file.lock().expect("nobody panics"), "the last words")?;
        }
        "snapshot" => drop(lifecycle::manage(Snapshot(path))),
        other => return Err(format!("no scenario `{other}`").into()),
    }
    serve().await;
    Ok(())
}
