//! Child processes as fields of resources: real processes, real signals.
#![cfg(all(unix, feature = "tokio-types", not(loom)))]

use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lifecycle::{Lifecycle, Outcome, Report, Slot};

/// A resource with one child, of std or of tokio.
#[lifecycle::resource(timeout = "1s")]
struct Sidecar {
    #[teardown]
    of_std: Option<Slot<std::process::Child>>,
    #[teardown]
    of_tokio: Option<Slot<tokio::process::Child>>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Std,
    Tokio,
}

const KINDS: [Kind; 2] = [Kind::Std, Kind::Tokio];

/// A shell that runs a script, whose `$1` is a file for the numbers of its processes.
struct Shell {
    sidecar: Sidecar,
    id: u32,
    file: PathBuf,
}

impl Shell {
    fn start(kind: Kind, leads_a_group: bool, script: &str) -> Shell {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name =
            format!("lifecycle-child-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let file = std::env::temp_dir().join(name);
        let mut command = std::process::Command::new("sh");
        command.arg("-c").arg(script).arg("sh").arg(&file);
        if leads_a_group {
            command.process_group(0);
        }
        let (sidecar, id) = match kind {
            Kind::Std => {
                let child = command.spawn().unwrap();
                let id = child.id();
                (Sidecar { of_std: Some(Slot::new(child)), of_tokio: None }, id)
            }
            Kind::Tokio => {
                let child = tokio::process::Command::from(command).spawn().unwrap();
                let id = child.id().unwrap();
                (Sidecar { of_std: None, of_tokio: Some(Slot::new(child)) }, id)
            }
        };
        Shell { sidecar, id, file }
    }

    /// Waits until the script has written the number of a process, and returns the process.
    fn process(&self) -> Process {
        Process(wait_for("the script has written a number", || {
            let text = std::fs::read_to_string(&self.file).ok()?;
            text.strip_suffix('\n')?.parse().ok()
        }))
    }

    /// Stops a program that holds the child.
    async fn stopped(self) -> Report {
        let report = Lifecycle::builder()
            .grace(Duration::from_secs(20))
            .run(async { drop(lifecycle::manage(self.sidecar)) })
            .await;
        drop(std::fs::remove_file(&self.file));
        report
    }
}

/// A process of a script. It is killed with the test, also if the test fails.
struct Process(u32);

impl Process {
    fn is_running(&self) -> bool {
        !matches!(state(self.0), None | Some('Z'))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.is_running() {
            signal(self.0, "KILL");
        }
    }
}

#[track_caller]
fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "this never came: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Returns the state of a process as `ps` writes it: `S`, `T`, `Z`. Returns `None` after the process has been reaped.
fn state(id: u32) -> Option<char> {
    let output =
        std::process::Command::new("ps").args(["-o", "stat=", "-p", &id.to_string()]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().chars().next()
}

fn signal(id: u32, name: &str) {
    let status = std::process::Command::new("kill").args(["-s", name, &id.to_string()]).status().unwrap();
    assert!(status.success());
}

/// Returns the one failure of the one instance.
#[track_caller]
fn failure(report: &Report) -> String {
    match &report.instances[0].outcome {
        Outcome::Failed { failures, .. } if failures.len() == 1 => failures[0].message.clone(),
        other => panic!("{other:?}\n{report}"),
    }
}

#[track_caller]
fn is_clean(report: &Report) {
    assert_eq!(report.exit_status(), 0, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_ignores_sigterm_is_killed_and_the_report_says_so() {
    for kind in KINDS {
        let shell = Shell::start(kind, false, r#"trap "" TERM; echo $$ >"$1"; exec sleep 600"#);
        let process = shell.process();
        let child = process.0;
        let report = shell.stopped().await;
        assert_eq!(report.exit_status(), 70, "{report}");
        let failure = failure(&report);
        assert!(failure.starts_with(&format!("the process {child} did not end within")), "{failure}");
        assert!(failure.ends_with("was killed (SIGKILL)"), "{failure}");
        assert_eq!(state(child), None, "{kind:?}: it is reaped");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_group_of_a_child_that_leads_one_is_asked_to_end() {
    for kind in KINDS {
        let shell = Shell::start(kind, true, r#"sleep 600 & echo $! >"$1"; wait"#);
        let grandchild = shell.process();
        is_clean(&shell.stopped().await);
        assert!(!grandchild.is_running(), "{kind:?}");
    }
}

/// The shell ends at once, and its child takes its time: the teardown waits for it, and does not cut it off.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_group_has_its_time_after_its_leader_has_ended() {
    for kind in KINDS {
        let script = r#"(trap 'sleep 0.2; echo done >"$1.end"; exit' TERM; sh -c 'echo $PPID' >"$1"; while :; do sleep 0.01; done) & wait"#;
        let shell = Shell::start(kind, true, script);
        let (grandchild, end) = (shell.process(), PathBuf::from(format!("{}.end", shell.file.display())));
        is_clean(&shell.stopped().await);
        assert!(!grandchild.is_running(), "{kind:?}");
        assert_eq!(std::fs::read_to_string(&end).unwrap(), "done\n", "{kind:?}");
        std::fs::remove_file(end).unwrap();
    }
}

/// The shell ends at the first signal, and its child ignores it.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_member_of_the_group_that_ignores_sigterm_is_killed() {
    for kind in KINDS {
        let script = r#"(trap "" TERM; sh -c 'echo $PPID' >"$1"; exec sleep 600) & wait"#;
        let shell = Shell::start(kind, true, script);
        let (leader, grandchild) = (shell.id, shell.process());
        let report = shell.stopped().await;
        let failure = failure(&report);
        assert!(failure.starts_with(&format!("the process group {leader} did not end within")), "{failure}");
        assert!(!grandchild.is_running(), "{kind:?}");
        assert_eq!(state(leader), None, "{kind:?}: it is reaped");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_child_that_does_not_lead_a_group_only_it_is_signalled() {
    for kind in KINDS {
        let shell = Shell::start(kind, false, r#"sleep 600 & echo $! >"$1"; wait"#);
        let (child, grandchild) = (shell.id, shell.process());
        is_clean(&shell.stopped().await);
        assert_eq!(state(child), None, "{kind:?}");
        assert!(grandchild.is_running(), "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_child_goes_on_and_ends() {
    for kind in KINDS {
        let shell = Shell::start(kind, false, r#"echo $$ >"$1"; exec sleep 600"#);
        let process = shell.process();
        let child = process.0;
        signal(child, "STOP");
        wait_for("it has stopped", || (state(child) == Some('T')).then_some(()));
        is_clean(&shell.stopped().await);
        assert_eq!(state(child), None, "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_has_ended_before_is_well() {
    for kind in KINDS {
        let shell = Shell::start(kind, false, "exit 3");
        let child = shell.id;
        wait_for("it has ended", || (state(child) == Some('Z')).then_some(()));
        is_clean(&shell.stopped().await);
        assert_eq!(state(child), None, "{kind:?}: it is reaped");
    }
}

/// The number of a child that somebody else has reaped may belong to another process, so nothing is sent to it.
#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_was_reaped_elsewhere_is_well() {
    for kind in KINDS {
        let shell = Shell::start(kind, true, "exit 0");
        let child = shell.id;
        wait_for("it has ended", || (state(child) == Some('Z')).then_some(()));
        reap(child);
        is_clean(&shell.stopped().await);
    }
}

#[expect(unsafe_code, reason = "one system call")]
fn reap(child: u32) {
    let child = libc::pid_t::try_from(child).unwrap();
    // SAFETY: `waitpid` accepts a null pointer for the status.
    assert_eq!(unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) }, child);
}

/// R22: the child knows what it has lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_ends_with_an_error_is_unconfirmed() {
    for kind in KINDS {
        let shell =
            Shell::start(kind, false, r#"trap "exit 70" TERM; echo $$ >"$1"; while :; do sleep 0.01; done"#);
        let process = shell.process();
        let id = process.0;
        let report = shell.stopped().await;
        is_clean(&report);
        let outcome = report.instances[0].outcome.to_string();
        assert!(
            outcome.starts_with(&format!("unconfirmed: the process {id} ended with exit status: 70 (")),
            "{report}"
        );
    }
}

/// R22.
#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_has_crashed_before_is_unconfirmed() {
    for kind in KINDS {
        let shell = Shell::start(kind, false, r#"echo $$ >"$1"; kill -s ABRT $$"#);
        let id = shell.process().0;
        wait_for("the child has crashed", || matches!(state(id), None | Some('Z')).then_some(()));
        let report = shell.stopped().await;
        is_clean(&report);
        let outcome = report.instances[0].outcome.to_string();
        assert!(
            outcome.starts_with(&format!("unconfirmed: the process {id} ended with signal: 6 ")),
            "{report}"
        );
    }
}
