//! What releases the writers of files that are broken without their end.

use std::fs::File;
use std::io::BufWriter;
use std::sync::{Arc, Mutex};

use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use lifecycle::Slot;
use zip::ZipWriter;

#[lifecycle::resource]
struct Archives {
    #[teardown]
    zip: Slot<ZipWriter<File>>,
    #[teardown]
    shared: Arc<Mutex<Option<ZipWriter<BufWriter<File>>>>>,
    #[teardown]
    tar: Mutex<tar::Builder<File>>,
    #[teardown]
    by_value: Slot<tar::Builder<File>>,
    #[teardown]
    nested: parking_lot::Mutex<tar::Builder<GzEncoder<BufWriter<File>>>>,
}

#[lifecycle::resource]
struct Encoders {
    #[teardown]
    gz: Mutex<GzEncoder<File>>,
    #[teardown]
    zlib: Mutex<ZlibEncoder<std::net::TcpStream>>,
    #[teardown]
    deflate: Option<Slot<DeflateEncoder<File>>>,
    #[teardown]
    rows: Slot<csv::Writer<GzEncoder<File>>>,
    #[teardown(lock().unwrap().try_finish(), blocking)]
    by_hand: Mutex<GzEncoder<File>>,
}

#[lifecycle::resource]
struct Databases {
    #[teardown]
    db: redb::Database,
    #[teardown]
    shared: Arc<redb::Database>,
    #[teardown]
    owned: Slot<redb::Database>,
    transaction: Slot<redb::WriteTransaction>,
}

#[lifecycle::teardown]
impl lifecycle::Teardown for Databases {
    async fn teardown(&self) -> Result<(), redb::CommitError> {
        match self.transaction.take() {
            Some(transaction) => transaction.commit(),
            None => Ok(()),
        }
    }
}

fn main() {}
