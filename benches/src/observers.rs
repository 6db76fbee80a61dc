//! What observers cost an idle service: systemd and the report file, against the same program without them.

use std::ffi::OsString;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use crate::child::Running;
use crate::measure::{median, millis, quantile};
use crate::row;
use crate::table::{self, Goal};

/// The number of pairs of runs.
const PAIRS: usize = 200;
const PROGRAM: &str = env!("CARGO_BIN_EXE_idle_lifecycle");

/// A service manager that reads what it is told. The process ends its thread.
struct Manager {
    folder: PathBuf,
}

impl Manager {
    fn start() -> Manager {
        let folder = std::env::temp_dir().join(format!("lifecycle-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let socket = UnixDatagram::bind(folder.join("notify")).expect("a socket");
        std::thread::spawn(move || {
            // A descriptor that comes with a datagram is closed, because there is no room for it. So a barrier ends here.
            while socket.recv(&mut [0; 1024]).is_ok() {}
        });
        Manager { folder }
    }

    fn variables(&self) -> [(&'static str, OsString); 2] {
        let path = |name: &str| Path::as_os_str(&self.folder.join(name)).to_owned();
        [("NOTIFY_SOCKET", path("notify")), ("LIFECYCLE_REPORT", path("report"))]
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        // A folder that cannot be removed does no harm.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Returns the times of the start and of the exit.
fn once(variables: &[(&str, OsString)]) -> [f64; 2] {
    let child = Running::start_with(PROGRAM, &[], variables);
    let ready = millis(child.ready_after);
    // The pause lets the service become idle.
    sleep(Duration::from_millis(3));
    let (took, status) = child.stop();
    assert!(status.success(), "{status}");
    [ready, millis(took)]
}

pub(crate) fn run() -> Vec<Goal> {
    if !cfg!(feature = "observers") {
        println!("\n`observers` needs `--features observers`");
        return Vec::new();
    }
    let manager = Manager::start();
    let observed = manager.variables();
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for pair in 0..PAIRS {
        if pair % 2 == 0 {
            without.push(once(&[]));
            with.push(once(&observed));
        } else {
            with.push(once(&observed));
            without.push(once(&[]));
        }
    }
    let facts = std::fs::read_to_string(manager.folder.join("report")).expect("the report file");
    assert_eq!(facts.matches("\"sealed\"").count(), PAIRS, "each run has told its report");

    let ready = |run: &[f64; 2]| run[0];
    let exit = |run: &[f64; 2]| run[1];
    let both = |run: &[f64; 2]| run[0] + run[1];
    let measures: [(&str, fn(&[f64; 2]) -> f64); 3] =
        [("start to ready", ready), ("SIGTERM to exit", exit), ("both", both)];
    let rows: Vec<[String; 6]> = measures
        .iter()
        .map(|(name, of)| {
            let times = |runs: &[[f64; 2]]| runs.iter().map(of).collect::<Vec<_>>();
            let (without, with) = (times(&without), times(&with));
            let (old, new) = (median(&without), median(&with));
            row![
                name,
                format!("{old:.2}"),
                format!("{new:.2}"),
                format!("{:+.2}", new - old),
                format!("{:.2}", new / old),
                format!("{:.2} / {:.2}", quantile(&without, 0.9), quantile(&with, 0.9))
            ]
        })
        .collect();
    let head = ["", "without", "with", "difference", "ratio", "p90 of both"];
    table::print("systemd and the report file, idle service: ms, medians", head, &rows);
    let sum = |runs: &[[f64; 2]]| median(&runs.iter().map(both).collect::<Vec<_>>());
    vec![Goal::at_most(
        "start and exit with observers over without, median",
        1.0,
        sum(&with) - sum(&without),
        "ms",
    )]
}
