//! systemd, which owns the socket of the service. The socket outlives each instance.

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use lifecycle_process_tests::{Child, Program};

/// The user manager of systemd, in its own namespaces.
#[derive(Debug)]
pub struct Manager {
    shell: Child,
    commands: std::io::PipeWriter,
    restarts: usize,
    // This field is dropped after the shell, because only an empty group can be removed.
    _group: Group,
}

impl Manager {
    /// Starts the manager with a socket at `address` that activates `program`.
    ///
    /// # Panics
    ///
    /// Panics if this machine cannot run the manager. The message names the missing part.
    #[track_caller]
    pub fn start(program: &str, address: SocketAddr) -> Manager {
        for (path, package) in [("/lib/systemd/systemd", "systemd"), ("/usr/bin/unshare", "util-linux")] {
            assert!(
                Path::new(path).exists(),
                "this test needs `{path}`: apt-get install -y --no-install-recommends {package}"
            );
        }
        let group = Group::new();
        let (reader, commands) = std::io::pipe().expect("a pipe");
        let shell = Program::new("sh", "-euc")
            .arg(include_str!("manager.sh"))
            .arg("manager.sh")
            .arg(&group.0.display().to_string())
            .arg(program)
            .arg(&address.to_string())
            .stdin(OwnedFd::from(reader))
            .start();
        let mut manager = Manager { shell, commands, restarts: 0, _group: group };
        manager.shell.wait_for("listening");
        manager
    }

    /// Restarts the service (`systemctl --user restart`), and returns when the new instance has started.
    #[track_caller]
    pub fn restart(&mut self) {
        self.restarts += 1;
        writeln!(self.commands, "{}", self.restarts).expect("the shell reads it");
        self.shell.wait_for(&format!("restarted {}", self.restarts));
    }

    /// Ends the manager and all its processes.
    #[track_caller]
    pub fn stop(self) {
        drop(self.commands);
        self.shell.ended().exited(0);
    }
}

/// A cgroup in which the manager may create groups.
#[derive(Debug)]
struct Group(PathBuf);

impl Group {
    #[track_caller]
    fn new() -> Group {
        let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
        let mut unified = mounts.lines().filter_map(|line| {
            let mut fields = line.split(' ').skip(1);
            let (folder, kind) = (fields.next()?, fields.next()?);
            (kind == "cgroup2").then_some(folder)
        });
        let root = unified.next().expect("this test needs cgroup2: mount -t cgroup2 cgroup2 /sys/fs/cgroup");
        let group = Path::new(root).join(format!("lifecycle-restarts-{}", std::process::id()));
        fs::create_dir(&group).unwrap_or_else(|error| {
            panic!(
                "this test needs a cgroup of its own, `{}`: {error}; run it as root (in a container: \
                 `--privileged --cgroupns=private`)",
                group.display()
            )
        });
        Group(group)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        fn remove(group: &Path) {
            for inner in fs::read_dir(group).into_iter().flatten().flatten() {
                if inner.file_type().is_ok_and(|kind| kind.is_dir()) {
                    remove(&inner.path());
                }
            }
            // The group is empty after the kernel has removed its last process.
            let until = std::time::Instant::now() + lifecycle_process_tests::SLACK;
            while fs::remove_dir(group).is_err() && std::time::Instant::now() < until {
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
        }
        remove(&self.0);
    }
}
