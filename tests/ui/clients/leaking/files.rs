//! Writers of files that are broken without their end. Each field whose name begins with `leak` needs a release.

use std::fs::File;
use std::io::{BufWriter, Cursor};
use std::sync::{Arc, Mutex};

use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use zip::ZipWriter;

#[lifecycle::resource(no_teardown = "corpus")]
struct Archives {
    leak_zip: ZipWriter<File>,
    leak_shared: Arc<Mutex<Option<ZipWriter<BufWriter<File>>>>>,
    leak_tar: tar::Builder<File>,
    leak_nested: Mutex<tar::Builder<GzEncoder<BufWriter<File>>>>,
    leak_boxed: Mutex<tar::Builder<Box<dyn std::io::Write + Send>>>,
    memory: Mutex<ZipWriter<Cursor<Vec<u8>>>>,
    nested_memory: Mutex<tar::Builder<GzEncoder<Vec<u8>>>>,
    reader: Mutex<tar::Archive<File>>,
    other_reader: Mutex<Option<zip::ZipArchive<File>>>,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Encoders {
    leak_gz: Mutex<GzEncoder<File>>,
    leak_zlib: Vec<ZlibEncoder<std::net::TcpStream>>,
    leak_deflate: Option<DeflateEncoder<File>>,
    leak_rows: Mutex<csv::Writer<GzEncoder<File>>>,
    memory: Mutex<GzEncoder<Vec<u8>>>,
    rows: Mutex<csv::Writer<ZlibEncoder<Vec<u8>>>>,
    reader: Mutex<flate2::read::GzEncoder<&'static [u8]>>,
    buffered_reader: Mutex<flate2::bufread::GzDecoder<&'static [u8]>>,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Databases {
    leak_db: redb::Database,
    leak_shared: Arc<redb::Database>,
    leak_owned: lifecycle::Slot<redb::Database>,
    leak_transaction: Mutex<Option<redb::WriteTransaction>>,
    reader: redb::ReadTransaction,
    read_only: redb::ReadOnlyDatabase,
}

fn main() {}
