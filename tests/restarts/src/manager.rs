//! systemd, which starts and stops the service.

use std::fs;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lifecycle_process_tests::{Child, Folder, PATIENCE, Program};

/// The name of the service.
const SERVICE: &str = "restarted.service";

/// The user manager of systemd, in its own namespaces.
#[derive(Debug)]
pub struct Manager {
    shell: Child,
    commands: std::io::PipeWriter,
    number: usize,
    // These fields are dropped after the shell, because only an empty group can be removed.
    _group: Group,
    _units: Folder,
}

impl Manager {
    /// Starts the manager with these units, each a file name and its text.
    #[track_caller]
    pub fn start(units: &[(&str, String)]) -> Manager {
        for (path, package) in [("/lib/systemd/systemd", "systemd"), ("/usr/bin/unshare", "util-linux")] {
            assert!(
                Path::new(path).exists(),
                "this test needs `{path}`: apt-get install -y --no-install-recommends {package}"
            );
        }
        let folder = Folder::new();
        for (name, text) in units {
            fs::write(folder.path(name), text).expect("a file");
        }
        let group = Group::new();
        let (reader, commands) = std::io::pipe().expect("a pipe");
        let shell = Program::new("sh")
            .args(["-euc", include_str!("manager.sh"), "manager.sh", &group.0.display().to_string()])
            .arg(folder.path(""))
            .stdin(OwnedFd::from(reader))
            .start();
        let mut manager = Manager { shell, commands, number: 0, _group: group, _units: folder };
        manager.shell.wait_for("managing");
        manager
    }

    /// Starts the manager with the service alone: `settings` are the lines of its section `[Service]`.
    #[track_caller]
    pub fn of_service(settings: &str) -> Manager {
        // So many restarts are not a fault here.
        let unit = format!("[Unit]\nStartLimitIntervalSec=0\n[Service]\n{settings}");
        Manager::start(&[(SERVICE, unit)])
    }

    /// Runs a command of the shell beside the manager. Returns its exit status and its output.
    #[track_caller]
    fn attempt(&mut self, command: &str) -> (i32, String) {
        self.number += 1;
        writeln!(self.commands, "{command}").expect("the shell reads it");
        let answer = self.shell.wait_for_start(&format!("answer {} ", self.number));
        let (status, output) = answer.split_once(' ').expect("a status and the output");
        (status.parse().expect("a number"), output.to_owned())
    }

    /// Runs `systemctl COMMAND restarted.service`.
    #[track_caller]
    pub fn control(&mut self, command: &str) {
        let (status, output) = self.attempt(&format!("systemctl --user {command} {SERVICE}"));
        assert_eq!(status, 0, "systemctl {command}: {output}, {}", self.show("StatusText"));
    }

    /// Starts the unit with this name.
    #[track_caller]
    pub fn start_unit(&mut self, name: &str) {
        let (status, output) = self.attempt(&format!("systemctl --user start {name}"));
        assert_eq!(status, 0, "{name}: {output}");
    }

    /// Returns the value of a property of the service.
    #[track_caller]
    pub fn show(&mut self, property: &str) -> String {
        self.attempt(&format!("systemctl --user show --value -p {property} {SERVICE}")).1
    }

    /// Waits until a property of the service is as `holds` says, and returns its value.
    #[track_caller]
    pub fn wait_until(&mut self, property: &str, holds: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let value = self.show(property);
            if holds(&value) {
                return value;
            }
            assert!(Instant::now() < until, "{property} stays `{value}`: {}", self.show("StatusText"));
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Returns the id of the running process, in the namespace of the manager, as the process itself knows it.
    #[track_caller]
    pub fn pid(&mut self) -> u32 {
        self.wait_until("MainPID", |pid| pid != "0").parse().expect("a number")
    }

    /// Ends the manager and all its processes.
    #[track_caller]
    pub fn stop(self) {
        drop(self.commands);
        self.shell.stopped().exited(0);
    }
}

/// A cgroup in which the manager may create groups.
#[derive(Debug)]
struct Group(PathBuf);

impl Group {
    #[track_caller]
    fn new() -> Group {
        static LAST: AtomicUsize = AtomicUsize::new(0);
        let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
        let mut unified = mounts.lines().filter_map(|line| {
            let mut fields = line.split(' ').skip(1);
            let (folder, kind) = (fields.next()?, fields.next()?);
            (kind == "cgroup2").then_some(folder)
        });
        let root = unified.next().expect("this test needs cgroup2: mount -t cgroup2 cgroup2 /sys/fs/cgroup");
        let number = LAST.fetch_add(1, Ordering::Relaxed);
        let group = Path::new(root).join(format!("lifecycle-restarts-{}-{number}", std::process::id()));
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
            let until = Instant::now() + lifecycle_process_tests::SLACK;
            while fs::remove_dir(group).is_err() && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        remove(&self.0);
    }
}
