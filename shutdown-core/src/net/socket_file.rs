//! The file of a Unix socket.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The file of a Unix socket that this process has bound. It is removed when this is dropped, unless another process has
/// put a file of its own in its place.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    identity: FileIdentity,
}

#[derive(Debug, PartialEq, Eq)]
struct FileIdentity {
    device: u64,
    inode: u64,
}

impl SocketFile {
    pub(super) fn of(path: &Path) -> io::Result<SocketFile> {
        Ok(SocketFile { path: std::path::absolute(path)?, identity: FileIdentity::of(path)? })
    }
}

impl FileIdentity {
    fn of(path: &Path) -> io::Result<FileIdentity> {
        let file = std::fs::symlink_metadata(path)?;
        Ok(FileIdentity { device: file.dev(), inode: file.ino() })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if FileIdentity::of(&self.path).is_ok_and(|identity| identity == self.identity) {
            // If this fails, the next process replaces the file.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
