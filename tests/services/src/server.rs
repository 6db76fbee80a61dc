//! One server: a child process with a port and a folder.

use std::os::unix::fs::{FileTypeExt as _, PermissionsExt, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lifecycle::testing::Place as Addresses;
use lifecycle_process_tests::{Child, PATIENCE, Program};

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
    #[must_use]
    pub fn new(name: &'static str) -> Place {
        // A regular file in the place of the device fills the disk and breaks other programs.
        let null = Path::new("/dev/null").metadata().expect("there is /dev/null").file_type();
        assert!(null.is_char_device(), "/dev/null is not a character device");
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

    /// Configures `program` as an unprivileged user, without the caller's environment.
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
    pub fn start(self, command: Command, answers: impl Fn() -> bool) -> Server {
        let log = std::fs::File::create(self.folder.join("log")).expect("the folder is ours");
        let program = Program::from(command).without_report().patience(PATIENCE * 2);
        let child = program.stdout(log.try_clone().expect("a descriptor is left")).stderr(log).start();
        let child = Arc::new(Mutex::new(Some(child)));
        let mut server = Server { port: self.port, folder: self.folder, child, answered: Instant::now() };
        lock(&RUNNING).push((server.folder.clone(), Arc::clone(&server.child)));
        let until = Instant::now() + PATIENCE * 2;
        while !answers() {
            let over = server.with_child(Child::is_over);
            let name = self.name;
            assert!(!over && Instant::now() < until, "{name} does not answer:\n{}", server.log());
            std::thread::sleep(Duration::from_millis(5));
        }
        server.answered = Instant::now();
        server
    }
}

fn command(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
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
    Addresses::LOOPBACK.port().port()
}

type Running = Arc<Mutex<Option<Child>>>;

/// The folders of the servers that run. The tests share some servers, which no test drops.
static RUNNING: LazyLock<Mutex<Vec<(PathBuf, Running)>>> = LazyLock::new(|| {
    // SAFETY: `atexit` takes a function that lives for ever.
    unsafe { libc::atexit(end_all) };
    Mutex::default()
});

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends the servers that run until the test program ends. The kit would end them too, but not remove their folders.
extern "C" fn end_all() {
    for (folder, child) in std::mem::take(&mut *lock(&RUNNING)) {
        drop(lock(&child).take());
        let _ = std::fs::remove_dir_all(&folder);
        // The last server removes the common folder.
        let _ = folder.parent().map(std::fs::remove_dir);
    }
}

/// A running server, which is killed when this value is dropped.
#[derive(Debug)]
pub struct Server {
    port: u16,
    folder: PathBuf,
    child: Running,
    answered: Instant,
}

impl Server {
    fn with_child<T>(&self, act: impl FnOnce(&mut Child) -> T) -> T {
        act(lock(&self.child).as_mut().expect("the server runs"))
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
        self.with_child(Child::freeze);
    }

    /// Continues every process of the server.
    pub fn thaw(&self) {
        self.with_child(Child::thaw);
    }

    /// Kills every process of the server.
    pub fn kill(&self) {
        self.with_child(Child::kill);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(lock(&self.child).take());
        lock(&RUNNING).retain(|(folder, _)| *folder != self.folder);
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Gives the tests one server of this type, and the methods of [`Server`], which is its field.
macro_rules! shared {
    ($name:ident, $server:tt) => {
        impl $name {
            /// Returns the server that all tests share. No test freezes it.
            pub fn shared() -> &'static $name {
                static SHARED: std::sync::LazyLock<$name> = std::sync::LazyLock::new($name::start);
                &SHARED
            }
        }

        impl std::ops::Deref for $name {
            type Target = Server;

            fn deref(&self) -> &Server {
                &self.$server
            }
        }
    };
}
pub(crate) use shared;
