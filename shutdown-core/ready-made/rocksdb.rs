use rocksdb::DB;

lifecycle::known_types! {
    DB, "the writes that are only in memory", "finish", blocking;
}

trait Finish {
    fn finish(&self) -> Result<(), rocksdb::Error>;
}

impl Finish for DB {
    fn finish(&self) -> Result<(), rocksdb::Error> {
        self.flush_wal(true)?;
        self.flush()?; // the default column family; `flush_cf` flushes another one
        self.cancel_all_background_work(true);
        Ok(())
    }
}

#[lifecycle::resource]
pub struct Storage {
    #[teardown]
    pub db: DB,
}
