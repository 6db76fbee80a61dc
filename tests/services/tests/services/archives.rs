//! Files that are broken without their end: the last bytes are written, and synced, by a bare `#[teardown]` alone.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use flate2::read::{DeflateDecoder, GzDecoder, ZlibDecoder};
use lifecycle_process_tests::{Ended, Folder};

use crate::{ready, service};

const TEXT: &str = "the last words";

/// A service that has written a file of this kind and was stopped.
struct Stopped {
    ended: Ended,
    path: PathBuf,
    _folder: Folder,
}

/// Stops a service that writes a file of this kind.
#[track_caller]
fn stopped(kind: &str, release: &str, disk: &str) -> Stopped {
    let folder = Folder::new();
    let path = folder.path("archive");
    let program = service(&format!("archives/{kind}")).env("FILE", &path);
    let ended = ready(program.env("RELEASE", release).env("DISK", disk)).stop();
    Stopped { ended, path, _folder: folder }
}

/// A reader that checks the end of the file: a checksum, a length, a last block.
type Reader = fn(&Path) -> io::Result<String>;

fn string(mut reader: impl Read) -> io::Result<String> {
    let mut text = String::new();
    reader.read_to_string(&mut text)?;
    Ok(text)
}

fn plain(path: &Path) -> io::Result<String> {
    string(File::open(path)?)
}

fn gz(path: &Path) -> io::Result<String> {
    string(GzDecoder::new(File::open(path)?))
}

fn zlib(path: &Path) -> io::Result<String> {
    string(ZlibDecoder::new(File::open(path)?))
}

fn deflate(path: &Path) -> io::Result<String> {
    string(DeflateDecoder::new(File::open(path)?))
}

/// Reads the only entry of an archive, which has to end with two empty blocks.
fn entry(archive: &[u8]) -> io::Result<String> {
    let text = string(tar::Archive::new(archive).entries()?.next().ok_or(io::ErrorKind::UnexpectedEof)??)?;
    match archive.ends_with(&[0; 1024]) {
        true => Ok(text),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn tar(path: &Path) -> io::Result<String> {
    entry(&std::fs::read(path)?)
}

fn tar_gz(path: &Path) -> io::Result<String> {
    let mut archive = Vec::new();
    GzDecoder::new(File::open(path)?).read_to_end(&mut archive)?;
    entry(&archive)
}

fn zip(path: &Path) -> io::Result<String> {
    string(zip::ZipArchive::new(File::open(path)?)?.by_index(0)?)
}

const KINDS: [(&str, Reader); 18] = [
    ("csv", plain),
    ("csv.gz", gz),
    ("gz", gz),
    ("gz by value", gz),
    ("gz over a buffer", gz),
    ("gz below a buffer", gz),
    ("gz below lines", gz),
    ("gz between buffers", gz),
    ("zlib", zlib),
    ("deflate", deflate),
    ("tar", tar),
    ("tar by value", tar),
    ("tar.gz", tar_gz),
    ("tar.gz over a buffer", tar_gz),
    ("tar.gz between buffers", tar_gz),
    ("zip", zip),
    ("zip over a buffer", zip),
    ("zip in a stream", zip),
];

/// R22, R23.
#[test]
fn a_released_file_has_its_end() {
    for (kind, read) in KINDS {
        let stopped = stopped(kind, "yes", "well");
        stopped.ended.exited(0);
        let text = read(&stopped.path).unwrap_or_else(|error| panic!("{kind}: {error}"));
        assert_eq!(text.trim_end(), TEXT, "{kind}");
    }
}

/// R23: the lint reports a type if its file is broken without a release.
#[test]
fn a_file_without_a_release_is_broken() {
    for (kind, read) in KINDS {
        let stopped = stopped(kind, "no", "well");
        stopped.ended.exited(0);
        assert_ne!(read(&stopped.path).unwrap_or_default().trim_end(), TEXT, "{kind}");
    }
}

/// R22. The kernel allows no byte more than the file has.
#[test]
fn a_full_disk_fails_the_release_of_each_kind() {
    for (kind, _) in KINDS {
        let stopped = stopped(kind, "yes", "full");
        stopped.ended.exited(70).reported(&["Archive", "File too large"]);
    }
}

/// R22: a lock gives no access to an encoder inside of a `csv::Writer`, and none to a `ZipWriter` inside of a buffer.
#[test]
fn an_end_that_the_release_cannot_write_is_a_failure() {
    for (kind, inner) in [("csv.gz in a lock", "`GzEncoder`"), ("zip below a buffer", "`ZipWriter`")] {
        let stopped = stopped(kind, "yes", "well");
        stopped.ended.exited(70).reported(&["Archive", inner, "is not finished"]);
    }
}
