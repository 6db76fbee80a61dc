//! The socket of a service manager, and what it has received: a stand-in for systemd.

use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::{Program, wait_until};

/// The number of managers so far, for their names. Nothing frees the name of a socket that a thread still reads.
static MANAGERS: AtomicUsize = AtomicUsize::new(0);

/// How much later a descriptor is closed that was removed. systemd has a thread of its own for that since version 254.
const CLOSES_LATER: Duration = Duration::from_millis(100);

/// A service manager that listens for notifications, and stores descriptors.
#[derive(Debug)]
pub struct Manager {
    name: String,
    told: Arc<Told>,
    _folder: Folder,
}

#[derive(Debug, Default)]
struct Told {
    datagrams: Mutex<Vec<String>>,
    stored: Mutex<Vec<(String, OwnedFd)>>,
}

/// A folder that is removed at the end.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Creates a folder whose name no other test has.
    #[track_caller]
    pub fn new() -> Folder {
        let number = MANAGERS.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("lifecycle-manager-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        Folder(folder)
    }

    /// Returns the path of a file in it.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.join(name)
    }
}

impl Default for Folder {
    fn default() -> Folder {
        Folder::new()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Manager {
    /// Listens at a path, or at an abstract name if the name begins with `@`.
    #[track_caller]
    pub fn start(name: &str) -> Manager {
        let folder = Folder::new();
        let (name, socket) = if let Some(rest) = name.strip_prefix('@') {
            let number = MANAGERS.fetch_add(1, Ordering::Relaxed);
            let rest = format!("{rest}-{}-{number}", std::process::id());
            let address = SocketAddr::from_abstract_name(&rest).expect("a name");
            (format!("@{rest}"), UnixDatagram::bind_addr(&address).expect("a socket"))
        } else {
            let path = folder.path("notify");
            (path.to_str().expect("a path").to_owned(), UnixDatagram::bind(&path).expect("a socket"))
        };
        let told = Arc::new(Told::default());
        let writer = Arc::clone(&told);
        thread::spawn(move || {
            while let Ok((text, descriptor)) = receive(&socket) {
                writer.learn(text, descriptor);
            }
        });
        Manager { name, told, _folder: folder }
    }

    /// Makes a program tell this manager.
    pub fn told_by(&self, program: Program) -> Program {
        program.env("NOTIFY_SOCKET", &self.name)
    }

    /// Returns the datagrams so far.
    pub fn received(&self) -> Vec<String> {
        self.told.datagrams.lock().unwrap().clone()
    }

    /// Returns how often this datagram has come.
    pub fn count(&self, datagram: &str) -> usize {
        self.received().iter().filter(|received| *received == datagram).count()
    }

    /// Waits until this datagram has come `count` times.
    #[track_caller]
    pub fn wait_for(&self, datagram: &str, count: usize) {
        wait_until(datagram, || self.count(datagram) >= count);
    }

    /// Waits until this many descriptors are in the store. Returns their names.
    #[track_caller]
    pub fn wait_for_stored(&self, count: usize) -> Vec<String> {
        wait_until("so many descriptors are in the store", || {
            self.told.stored.lock().unwrap().len() == count
        });
        self.told.stored.lock().unwrap().iter().map(|(name, _)| name.clone()).collect()
    }

    /// Returns duplicates of all stored descriptors with their names, as systemd passes them to the next process.
    pub fn stored(&self) -> Vec<(String, OwnedFd)> {
        let stored = self.told.stored.lock().unwrap();
        stored
            .iter()
            .map(|(name, stored)| (name.clone(), stored.try_clone().expect("a descriptor")))
            .collect()
    }
}

impl Told {
    fn learn(&self, text: String, descriptor: Option<OwnedFd>) {
        let name = text.lines().find_map(|line| line.strip_prefix("FDNAME="));
        let mut stored = self.stored.lock().unwrap();
        if text.starts_with("FDSTORE=1\n")
            && let (Some(name), Some(descriptor)) = (name, descriptor)
        {
            stored.push((name.to_owned(), descriptor));
        } else if text.starts_with("FDSTOREREMOVE=1\n") {
            let removed =
                stored.extract_if(.., |(stored, _)| Some(stored.as_str()) == name).collect::<Vec<_>>();
            thread::spawn(move || {
                thread::sleep(CLOSES_LATER);
                drop(removed);
            });
        }
        drop(stored);
        // Last, so that a test that has seen the datagram sees the store too.
        self.datagrams.lock().unwrap().push(text);
    }
}

/// Receives one datagram, and the descriptor that comes with it.
fn receive(socket: &UnixDatagram) -> io::Result<(String, Option<OwnedFd>)> {
    let mut datagram = [0_u8; 4_096];
    // Integers, so that the memory is aligned for a header.
    let mut control = [0_u64; 8];
    let mut part = libc::iovec { iov_base: datagram.as_mut_ptr().cast(), iov_len: datagram.len() };
    // SAFETY: zero is a value of each field. The pointers are those of locals that outlive the call, with their lengths. A
    // descriptor that the kernel has passed belongs to this process alone.
    let (length, descriptor) = unsafe {
        let mut message: libc::msghdr = std::mem::zeroed();
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        message.msg_control = control.as_mut_ptr().cast();
        message.msg_controllen = size_of_val(&control);
        let length = libc::recvmsg(socket.as_raw_fd(), &raw mut message, libc::MSG_CMSG_CLOEXEC);
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        let is_passed = length >= 0 && !header.is_null() && (*header).cmsg_type == libc::SCM_RIGHTS;
        let descriptor =
            is_passed.then(|| OwnedFd::from_raw_fd(libc::CMSG_DATA(header).cast::<i32>().read_unaligned()));
        (length, descriptor)
    };
    let length = usize::try_from(length).map_err(|_| io::Error::last_os_error())?;
    Ok((String::from_utf8_lossy(&datagram[..length]).into_owned(), descriptor))
}
