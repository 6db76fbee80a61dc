//! A service that writes to a database file, with and without a teardown.

use std::sync::Arc;

use lifecycle::{Slot, Teardown};
use redb::{Database, Durability, TableDefinition, WriteTransaction};

/// Any error.
type Error = Box<dyn std::error::Error + Send + Sync>;

const TABLE: TableDefinition<&str, u64> = TableDefinition::new("orders");

#[lifecycle::resource]
struct Shared {
    #[teardown]
    db: Arc<Database>,
}

#[lifecycle::resource]
struct Owned {
    #[teardown]
    db: Slot<Database>,
}

#[lifecycle::resource]
struct Forgotten {
    #[teardown(skip = "the loss without a release")]
    db: Arc<Database>,
}

/// A write transaction that is committed by the teardown.
#[lifecycle::resource]
struct Batch {
    open: Slot<WriteTransaction>,
    db: lifecycle::Managed<Shared>,
}

#[lifecycle::teardown]
impl Teardown for Batch {
    async fn teardown(&self) -> Result<(), redb::CommitError> {
        match self.open.take() {
            Some(open) => open.commit(),
            None => Ok(()),
        }
    }
}

#[lifecycle::main(worker_threads = 2)]
async fn main() -> Result<(), Error> {
    let path = std::env::var("FILE")?;
    let db = Database::create(path)?;
    write(&db, Durability::Immediate, "durable")?;
    write(&db, Durability::None, "not durable")?;
    // Each handle lives until the exit, as a handle in a static does. So nothing drops the database.
    match std::env::args().nth(1).ok_or("which scenario?")?.as_str() {
        "shared" => drop(Box::leak(Box::new(lifecycle::manage(Shared { db: Arc::new(db) }))).db.clone()),
        "owned" => drop(Box::leak(Box::new(lifecycle::manage(Owned { db: Slot::new(db) }))).db.with(|_| ())),
        "forgotten" => {
            drop(Box::leak(Box::new(lifecycle::manage(Forgotten { db: Arc::new(db) }))).db.clone())
        }
        "batch" => {
            let db = lifecycle::manage(Shared { db: Arc::new(db) });
            let open = db.db.begin_write()?;
            open.open_table(TABLE)?.insert("in a batch", 3)?;
            let batch = Box::leak(Box::new(lifecycle::manage(Batch { open: Slot::new(open), db })));
            assert_eq!(Arc::strong_count(&batch.db.db), 1);
        }
        "stuck" => {
            let db = lifecycle::manage(Shared { db: Arc::new(db) });
            let open = db.db.begin_write()?;
            Box::leak(Box::new((db, open)));
        }
        other => return Err(format!("no scenario `{other}`").into()),
    }
    lifecycle::ready();
    println!("ready");
    lifecycle::stopping().await;
    Ok(())
}

fn write(db: &Database, durability: Durability, key: &str) -> Result<(), Error> {
    let mut transaction = db.begin_write()?;
    transaction.set_durability(durability)?;
    transaction.open_table(TABLE)?.insert(key, 1)?;
    transaction.commit()?;
    Ok(())
}
