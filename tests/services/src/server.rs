//! One server: a child process with a port and a folder.

use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use lifecycle_process_tests::{PATIENCE, with_default_signals};
use tokio::net::TcpSocket;

use crate::keeper;
use crate::programs;

/// The user `nobody`, which each Unix has.
const NOBODY: u32 = 65_534;

/// The folder and the free port that a server is started with.
#[derive(Debug)]
pub struct Place {
    name: &'static str,
    /// The data folder, which belongs to the user of the server.
    pub folder: PathBuf,
    /// The port on 127.0.0.1.
    pub port: u16,
}

impl Place {
    /// Makes a folder, and finds a port.
    ///
    /// # Panics
    ///
    /// If there is no place for a folder.
    #[must_use]
    pub fn new(name: &'static str) -> Place {
        programs::check_dev_null();
        let port = free_port();
        let folder = std::env::temp_dir().join(format!("lifecycle-services-{}", std::process::id()));
        let folder = folder.join(format!("{name}-{port}"));
        std::fs::create_dir_all(&folder).expect("a folder can be made");
        std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o700)).expect("it is ours");
        if is_root() {
            chown(&folder, Some(NOBODY), Some(NOBODY)).expect("root may give it away");
        }
        Place { name, folder, port }
    }

    /// Configures `program` as an unprivileged user, without the caller's environment and signals.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        command(program.as_ref(), &self.folder)
    }

    /// Runs `command`, and waits until it ends. Returns its output.
    pub(crate) fn run(mut command: Command) -> String {
        let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        assert!(
            output.status.success(),
            "{command:?}: {}\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Starts `command`, and waits until `answers`.
    ///
    /// # Panics
    ///
    /// If it ends, or does not answer in time. The message has its log.
    pub fn start(self, mut command: Command, answers: impl Fn() -> bool) -> Server {
        let log = std::fs::File::create(self.folder.join("log")).expect("the folder is ours");
        command.stdout(log.try_clone().expect("a descriptor is left")).stderr(log);
        let child = keeper::start(command, self.folder.clone())
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", self.name));
        let (name, port) = (self.name, self.port);
        let mut server = Server {
            port,
            pid: child.id(),
            folder: self.folder,
            child: Mutex::new(child),
            answered: Instant::now(),
        };
        let until = Instant::now() + PATIENCE * 2;
        while !answers() {
            let over = server.child().try_wait().expect("a child can be waited for").is_some();
            assert!(!over && Instant::now() < until, "{name} does not answer:\n{}", server.log());
            std::thread::sleep(Duration::from_millis(5));
        }
        server.answered = Instant::now();
        server
    }
}

fn command(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    with_default_signals(&mut command);
    command.env_clear().env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin").env("HOME", folder);
    command.current_dir(folder).stdin(Stdio::null());
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

fn is_root() -> bool {
    // SAFETY: takes nothing, returns an integer.
    unsafe { libc::geteuid() == 0 }
}

/// Returns a port without a listener, outside the range that the kernel gives to clients.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 400).expect("it is small") * 50;
    loop {
        let port = 10_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 20_000;
        // The socket is bound and does not listen. A child that another thread is starting inherits the socket until it
        // runs its program, and a socket that does not listen blocks no server.
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_reuseaddr(true).expect("a socket has that option");
        if socket.bind(([127, 0, 0, 1], port).into()).is_ok() {
            return port;
        }
    }
}

/// A running server, which is killed when this value is dropped.
#[derive(Debug)]
pub struct Server {
    port: u16,
    pid: u32,
    folder: PathBuf,
    child: Mutex<Child>,
    answered: Instant,
}

impl Server {
    fn child(&self) -> std::sync::MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Returns its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the instant at which it answered first.
    pub fn answered(&self) -> Instant {
        self.answered
    }

    /// Returns its log.
    ///
    /// # Panics
    ///
    /// If the file cannot be read.
    pub fn log(&self) -> String {
        let log = std::fs::read(self.folder.join("log")).expect("the log is there");
        String::from_utf8_lossy(&log).into_owned()
    }

    /// Configures a program that talks to the server, as the same user and in the same folder.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        command(program.as_ref(), &self.folder)
    }

    /// Stops every process of the server. A client can still connect, and receives nothing.
    pub fn freeze(&self) {
        keeper::signal_tree(self.pid, libc::SIGSTOP);
        crate::wait_until("every thread stands still", || keeper::stands_still(self.pid));
    }

    /// Continues every process of the server.
    pub fn thaw(&self) {
        keeper::signal_tree(self.pid, libc::SIGCONT);
    }

    /// Kills every process of the server.
    pub fn kill(&self) {
        keeper::signal_tree(self.pid, libc::SIGKILL);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        let _ = self.child().wait();
        keeper::forget(self.pid);
    }
}
