//! Nine kinds of work that do not end: the delay of the exit after the deadline, and the exit status.

use std::thread::sleep;
use std::time::Duration;

use crate::child::Running;
use crate::measure::{median, millis, quantile};
use crate::row;
use crate::table::{self, Goal};

/// The grace in the attribute of the child programs.
const GRACE: Duration = Duration::from_millis(500);
const RUNS: usize = 5;

/// The runtime, the kind of work, and the expected exit status.
const CELLS: [(&str, &str, i32); 9] = [
    ("multi-thread", "endless task", 70),
    ("multi-thread", "one worker blocked", 70),
    ("multi-thread", "all workers blocked", 124),
    ("multi-thread", "spawn_blocking", 70),
    ("multi-thread", "blocking Drop", 70),
    ("current-thread", "endless task", 70),
    // A current-thread runtime has one worker, so one blocked task blocks all workers.
    ("current-thread", "all workers blocked", 124),
    ("current-thread", "spawn_blocking", 70),
    ("current-thread", "blocking Drop", 124),
];

pub(crate) fn run() -> Vec<Goal> {
    let (mut rows, mut worst, mut as_expected) = (Vec::new(), f64::MIN, true);
    for (flavor, cell, expected) in CELLS {
        let program = match flavor {
            "multi-thread" => env!("CARGO_BIN_EXE_cell_multi"),
            _ => env!("CARGO_BIN_EXE_cell_current"),
        };
        let (mut late, mut statuses) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            let child = Running::start(program, &[cell]);
            sleep(Duration::from_millis(5));
            let (took, status) = child.stop();
            late.push(millis(took) - millis(GRACE));
            statuses.push(status.code().unwrap_or(-1));
        }
        as_expected &= statuses.iter().all(|status| *status == expected);
        worst = worst.max(quantile(&late, 1.0));
        statuses.dedup();
        rows.push(row![
            flavor,
            cell,
            expected,
            format!("{statuses:?}"),
            format!("{:+.1}", median(&late)),
            format!("{:+.1}", quantile(&late, 1.0))
        ]);
    }
    table::print(
        "nine ways not to end, grace 500 ms: gone so many ms after T0 + grace",
        ["runtime", "what does not end", "expected status", "status", "median", "worst"],
        &rows,
    );
    vec![
        Goal::at_most("nine cells, later than T0 + grace, worst", 10.0, worst, "ms"),
        Goal::holds("nine cells, never 0, the expected status", as_expected.to_string(), as_expected),
    ]
}
