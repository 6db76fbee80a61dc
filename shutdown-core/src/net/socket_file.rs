//! The file of a Unix socket.

use std::fs::{FileType, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use socket2::{Domain, SockAddr, Socket, Type};

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
        Ok(FileIdentity::from(&std::fs::symlink_metadata(path)?))
    }
}

impl From<&Metadata> for FileIdentity {
    fn from(file: &Metadata) -> FileIdentity {
        FileIdentity { device: file.dev(), inode: file.ino() }
    }
}

/// Removes the socket of a process that was killed.
///
/// # Errors
///
/// If the file is not a socket, or if a process listens at it. The file is then kept.
pub(super) fn remove_left_over(path: &Path) -> io::Result<()> {
    let file = std::fs::symlink_metadata(path)?;
    if let Some(kind) = kind_of_other(file.file_type()) {
        return Err(in_use(&format!("the file is {kind}, and only a socket is replaced")));
    }
    if let Some(listening) = somebody_listens(path)? {
        return Err(in_use(listening));
    }
    // Another process may have done the same, and listen by now.
    if FileIdentity::of(path)? != FileIdentity::from(&file) {
        return Err(in_use("another process has just replaced the socket"));
    }
    std::fs::remove_file(path)
}

fn in_use(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::AddrInUse, text)
}

/// Says what the file is, if it is not a socket.
fn kind_of_other(kind: FileType) -> Option<&'static str> {
    match kind {
        kind if kind.is_socket() => None,
        kind if kind.is_symlink() => Some("a symbolic link"),
        kind if kind.is_dir() => Some("a directory"),
        kind if kind.is_fifo() => Some("a pipe"),
        kind if kind.is_char_device() || kind.is_block_device() => Some("a device"),
        _ => Some("a regular file"),
    }
}

/// Says who uses the socket. `None` if nobody answers there.
fn somebody_listens(path: &Path) -> io::Result<Option<&'static str>> {
    let client = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // A full accept queue would block the call.
    client.set_nonblocking(true)?;
    match client.connect(&SockAddr::unix(path)?) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(None),
        Err(error) if error.raw_os_error() == Some(libc::EPROTOTYPE) => {
            Ok(Some("a process uses the socket for datagrams"))
        }
        Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
        Ok(()) | Err(_) => Ok(Some("a process listens at the socket")),
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};

    use super::super::listen;
    use super::*;

    /// An empty folder, removed at the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Folder {
            let path = std::env::temp_dir().join(format!("lifecycle-{name}-{}", std::process::id()));
            fs::create_dir(&path).unwrap();
            Folder(path)
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.join(name)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    async fn listen_at(path: &Path) -> io::Result<super::super::SocketListener> {
        listen(&format!("unix:{}", path.display())).await
    }

    #[tokio::test]
    async fn a_file_that_is_not_a_left_over_socket_is_refused_and_kept() {
        let folder = Folder::new("kinds");
        fs::write(folder.path("file"), "precious").unwrap();
        fs::create_dir(folder.path("folder")).unwrap();
        drop(UnixListener::bind(folder.path("stale")).unwrap());
        let pipe = std::process::Command::new("mkfifo").arg(folder.path("pipe")).status().unwrap();
        assert!(pipe.success());
        for (to, link) in
            [("file", "to-file"), ("stale", "to-socket"), ("folder", "to-folder"), ("gone", "dangling")]
        {
            symlink(folder.path(to), folder.path(link)).unwrap();
        }
        let _live = UnixListener::bind(folder.path("live")).unwrap();
        let _datagrams = UnixDatagram::bind(folder.path("datagrams")).unwrap();
        for (name, said) in [
            ("file", "the file is a regular file, and only a socket is replaced"),
            ("folder", "the file is a directory"),
            ("pipe", "the file is a pipe"),
            ("to-file", "the file is a symbolic link"),
            ("to-socket", "the file is a symbolic link"),
            ("to-folder", "the file is a symbolic link"),
            ("dangling", "the file is a symbolic link"),
            ("live", "a process listens at the socket"),
            ("datagrams", "a process uses the socket for datagrams"),
        ] {
            let path = folder.path(name);
            let before = FileIdentity::of(&path).unwrap();
            let error = listen_at(&path).await.unwrap_err();
            assert!(error.to_string().contains(said), "{name}: {error}");
            assert!(error.to_string().starts_with(&format!("cannot listen at `unix:{}`", path.display())));
            assert_eq!(FileIdentity::of(&path).unwrap(), before, "{name}");
        }
        assert_eq!(fs::read_to_string(folder.path("file")).unwrap(), "precious");
        assert!(folder.path("stale").exists());
    }

    /// Only a look: a broken function must not reach a device.
    #[test]
    fn a_device_is_not_a_socket() {
        let device = fs::symlink_metadata("/dev/null").unwrap();
        assert_eq!(kind_of_other(device.file_type()), Some("a device"));
    }

    #[tokio::test]
    async fn a_listener_whose_queue_is_full_is_alive() {
        let folder = Folder::new("full");
        let path = folder.path("socket");
        let live = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        live.bind(&SockAddr::unix(&path).unwrap()).unwrap();
        live.listen(0).unwrap();
        let _in_the_queue = UnixStream::connect(&path).unwrap();
        let error = listen_at(&path).await.unwrap_err();
        assert!(error.to_string().contains("a process listens at the socket"), "{error}");
    }

    #[tokio::test]
    async fn a_left_over_socket_is_replaced_and_the_new_one_removed_at_the_end() {
        let folder = Folder::new("stale");
        let path = folder.path("socket");
        drop(UnixListener::bind(&path).unwrap());
        let listener = listen_at(&path).await.unwrap();
        UnixStream::connect(&path).unwrap();
        drop(listener);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_file_that_somebody_else_has_put_in_the_place_is_kept_at_the_end() {
        let folder = Folder::new("replaced");
        let path = folder.path("socket");
        let listener = listen_at(&path).await.unwrap();
        fs::remove_file(&path).unwrap();
        let _theirs = UnixListener::bind(&path).unwrap();
        drop(listener);
        UnixStream::connect(&path).unwrap();
    }

    #[tokio::test]
    async fn a_path_is_needed() {
        let error = listen("unix:").await.unwrap_err();
        assert_eq!(error.to_string(), "cannot listen at `unix:`: expected a path after `unix:`");
    }
}
