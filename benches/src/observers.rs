//! What observers cost an idle service: systemd and the report file, against the same program without them.

use std::ffi::OsString;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use crate::child::Running;
use crate::measure::{median, millis, quantile};
use crate::row;
use crate::table::{self, Goal};

/// The number of runs of each kind.
const TURNS: usize = 150;
/// The next start reads this much of a report file at most.
const FULL: usize = 1 << 20;
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

    fn report(&self) -> PathBuf {
        self.folder.join("report")
    }

    fn variables(&self) -> [(&'static str, OsString); 2] {
        [("NOTIFY_SOCKET", self.folder.join("notify").into()), ("LIFECYCLE_REPORT", self.report().into())]
    }

    /// Runs the service once with observers. Its report file has this content when it starts.
    fn observed(&self, file: &[u8]) -> Times {
        std::fs::write(self.report(), file).expect("the folder is ours");
        let times = Times::of_one_run(&self.variables());
        let facts = std::fs::read_to_string(self.report()).expect("the report file");
        assert!(facts.len() > file.len() && facts.contains("\"sealed\""), "the run has told its report");
        times
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        // A folder that cannot be removed does no harm.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The times of one run, in ms.
struct Times {
    ready: f64,
    exit: f64,
}

impl Times {
    fn of_one_run(variables: &[(&str, OsString)]) -> Times {
        let child = Running::start_with(PROGRAM, &[], variables);
        let ready = millis(child.ready_after);
        // The pause lets the service become idle.
        sleep(Duration::from_millis(3));
        let (took, status) = child.stop();
        assert!(status.success(), "{status}");
        Times { ready, exit: millis(took) }
    }

    fn both(&self) -> f64 {
        self.ready + self.exit
    }
}

pub(crate) fn run() -> Vec<Goal> {
    if !cfg!(feature = "observers") {
        println!("\n`observers` needs `--features observers`");
        return Vec::new();
    }
    let manager = Manager::start();
    manager.observed(&[]);
    let one = std::fs::read(manager.report()).expect("the report file");
    let full = one.repeat(FULL / one.len() + 1);

    let mut kinds = [const { Vec::new() }; 3];
    for turn in 0..TURNS {
        // The order changes, so that no kind always follows the same other one.
        for place in 0..kinds.len() {
            let kind = (turn + place) % kinds.len();
            kinds[kind].push(match kind {
                0 => Times::of_one_run(&[]),
                1 => manager.observed(&[]),
                _ => manager.observed(&full),
            });
        }
    }
    let of = |kind: usize, time: fn(&Times) -> f64| kinds[kind].iter().map(time).collect::<Vec<_>>();
    let names = ["without", "with systemd and a new report file", "the same, with a report file of 1 MiB"];
    let rows: Vec<[String; 6]> = names
        .iter()
        .enumerate()
        .map(|(kind, name)| {
            let (both, bare) = (of(kind, Times::both), of(0, Times::both));
            row![
                name,
                format!("{:.2}", median(&of(kind, |times| times.ready))),
                format!("{:.2}", median(&of(kind, |times| times.exit))),
                format!("{:.2}", median(&both)),
                format!("{:.2}", quantile(&both, 0.9)),
                format!("{:+.2}", median(&both) - median(&bare))
            ]
        })
        .collect();
    let head = ["", "start to ready", "SIGTERM to exit", "both", "p90", "difference"];
    table::print("an idle service with observers: ms, medians", head, &rows);
    let over = |kind| median(&of(kind, Times::both)) - median(&of(0, Times::both));
    vec![
        Goal::at_most("start and exit with observers over without, median", 1.0, over(1), "ms"),
        Goal::at_most("the same with a report file of 1 MiB", 1.0, over(2), "ms"),
    ]
}
