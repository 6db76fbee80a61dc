//! A service that writes a file which is broken without its end.

use std::fs::File;
use std::io::{BufWriter, LineWriter, Write};
use std::sync::Mutex;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use lifecycle::Slot;
use zip::ZipWriter;
use zip::write::{SimpleFileOptions, StreamWriter};

use crate::{Error, serve, setting};

/// What the tests look for in the file.
const TEXT: &[u8] = b"the last words";

/// For each kind of file its writer, and how the file begins.
macro_rules! kinds {
    ($($kind:literal: $wrapper:ident<$ty:ty>, $begin:expr;)+) => {
        fn begin(kind: &str, file: File) -> Result<(), Error> {
            match kind {
                $($kind => {
                    #[lifecycle::resource]
                    struct Archive {
                        #[teardown]
                        writer: $wrapper<$ty>,
                    }

                    #[lifecycle::resource]
                    struct Forgotten {
                        #[teardown(skip = "the loss without a release")]
                        writer: $wrapper<$ty>,
                    }

                    let begin: fn(File) -> Result<$ty, Error> = $begin;
                    let writer = $wrapper::new(begin(file)?);
                    // Both handles live until the exit, as a handle in a static does. So nothing drops the writer.
                    if setting("RELEASE") == "yes" {
                        Box::leak(Box::new(lifecycle::manage(Archive { writer })));
                    } else {
                        let kept = Box::leak(Box::new(lifecycle::manage(Forgotten { writer })));
                        let _: &$wrapper<$ty> = &kept.writer;
                    }
                })+
                other => return Err(format!("no scenario `{other}`").into()),
            }
            Ok(())
        }
    };
}

kinds! {
    "csv": Mutex<csv::Writer<File>>, |file| rows(file);
    "csv.gz": Slot<csv::Writer<GzEncoder<File>>>, |file| rows(gz(file));
    "csv.gz in a lock": Mutex<csv::Writer<GzEncoder<File>>>, |file| rows(gz(file));
    "gz": Mutex<GzEncoder<File>>, |file| text(gz(file));
    "gz by value": Slot<GzEncoder<File>>, |file| text(gz(file));
    "gz over a buffer": Mutex<GzEncoder<BufWriter<File>>>, |file| text(gz(BufWriter::new(file)));
    "gz below a buffer": Mutex<BufWriter<GzEncoder<File>>>, |file| text(BufWriter::new(gz(file)));
    "gz below lines": Mutex<LineWriter<GzEncoder<File>>>, |file| text(LineWriter::new(gz(file)));
    "gz between buffers": Mutex<BufWriter<GzEncoder<BufWriter<File>>>>,
        |file| text(BufWriter::new(gz(BufWriter::new(file))));
    "zlib": Mutex<ZlibEncoder<File>>, |file| text(ZlibEncoder::new(file, Compression::fast()));
    "deflate": Mutex<DeflateEncoder<File>>, |file| text(DeflateEncoder::new(file, Compression::fast()));
    "tar": Mutex<tar::Builder<File>>, |file| entry(file);
    "tar by value": Slot<tar::Builder<File>>, |file| entry(file);
    "tar.gz": Mutex<tar::Builder<GzEncoder<File>>>, |file| entry(gz(file));
    "tar.gz over a buffer": Mutex<tar::Builder<GzEncoder<BufWriter<File>>>>, |file| entry(gz(BufWriter::new(file)));
    "tar.gz between buffers": Mutex<tar::Builder<BufWriter<GzEncoder<BufWriter<File>>>>>,
        |file| entry(BufWriter::new(gz(BufWriter::new(file))));
    "zip": Slot<ZipWriter<File>>, |file| member(ZipWriter::new(file));
    "zip over a buffer": Slot<ZipWriter<BufWriter<File>>>, |file| member(ZipWriter::new(BufWriter::new(file)));
    "zip in a stream": Slot<ZipWriter<StreamWriter<BufWriter<File>>>>,
        |file| member(ZipWriter::new_stream(BufWriter::new(file)));
    "zip below a buffer": Mutex<BufWriter<ZipWriter<File>>>, |file| Ok(BufWriter::new(member(ZipWriter::new(file))?));
}

fn gz<W: Write>(writer: W) -> GzEncoder<W> {
    GzEncoder::new(writer, Compression::fast())
}

fn text<W: Write>(mut writer: W) -> Result<W, Error> {
    writer.write_all(TEXT)?;
    Ok(writer)
}

fn rows<W: Write>(writer: W) -> Result<csv::Writer<W>, Error> {
    let mut rows = csv::Writer::from_writer(writer);
    rows.write_record([TEXT])?;
    Ok(rows)
}

fn entry<W: Write>(writer: W) -> Result<tar::Builder<W>, Error> {
    let mut header = tar::Header::new_gnu();
    header.set_size(TEXT.len() as u64);
    let mut archive = tar::Builder::new(writer);
    archive.append_data(&mut header, "entry", TEXT)?;
    Ok(archive)
}

/// Leaves the member open, as a service does that writes to it until the stop.
fn member<W: Write + std::io::Seek>(mut archive: ZipWriter<W>) -> Result<ZipWriter<W>, Error> {
    archive.start_file(
        "entry",
        SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored),
    )?;
    archive.write_all(TEXT)?;
    Ok(archive)
}

pub(crate) async fn run(kind: &str) -> Result<(), Error> {
    let path = setting("FILE");
    begin(kind, File::create(&path)?)?;
    if setting("DISK") == "full" {
        allow_no_more_than(std::fs::metadata(path)?.len())?;
    }
    serve().await;
    Ok(())
}

/// Makes the kernel refuse every write beyond this length of a file.
fn allow_no_more_than(length: u64) -> std::io::Result<()> {
    let limit = libc::rlimit { rlim_cur: length, rlim_max: length };
    // SAFETY: the limit is a valid pointer. Without a handler the signal would end the process at the first such write.
    let set = unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
        libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit)
    };
    if set == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}
