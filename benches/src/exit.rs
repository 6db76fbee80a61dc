//! The time from SIGTERM to the exit of an idle service, compared with a program that only waits for the
//! signal.

use std::thread::sleep;
use std::time::Duration;

use crate::child::Running;
use crate::measure::{median, millis, quantile};
use crate::row;
use crate::table::{self, Goal};

const RUNS: usize = 100;

pub(crate) fn run() -> Vec<Goal> {
    let programs: [(&str, &str, &[&str]); 3] = [
        ("bare tokio", env!("CARGO_BIN_EXE_idle_bare"), &[]),
        ("lifecycle", env!("CARGO_BIN_EXE_idle_lifecycle"), &[]),
        ("lifecycle, 1000 resources", env!("CARGO_BIN_EXE_idle_lifecycle"), &["1000"]),
    ];
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..RUNS {
        for ((_, program, args), times) in programs.iter().zip(&mut times) {
            let child = Running::start(program, args);
            // The pause lets the service become idle.
            sleep(Duration::from_millis(3));
            let (took, status) = child.stop();
            assert!(status.success(), "{program}: {status}");
            times.push(millis(took));
        }
    }
    let rows: Vec<[String; 5]> = programs
        .iter()
        .zip(&times)
        .map(|((name, ..), times)| {
            row![
                name,
                format!("{:.2}", quantile(times, 0.1)),
                format!("{:.2}", median(times)),
                format!("{:.2}", quantile(times, 0.9)),
                format!("{:.2}", quantile(times, 0.99))
            ]
        })
        .collect();
    table::print("SIGTERM to exit, idle: ms", ["", "p10", "median", "p90", "p99"], &rows);
    let over = median(&times[1]) - median(&times[0]);
    vec![Goal::at_most("idle exit over bare tokio, median", 1.0, over, "ms")]
}
