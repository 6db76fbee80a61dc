//! The time from the start of a process to the first line of its `main`.

use crate::child::Running;
use crate::measure::{median, millis, quantile};
use crate::row;
use crate::table;
use crate::table::Goal;

const RUNS: usize = 40;

pub(crate) fn run() -> Vec<Goal> {
    let programs: [(&str, &str, &[&str]); 4] = [
        ("bare tokio", env!("CARGO_BIN_EXE_idle_bare"), &[]),
        ("lifecycle", env!("CARGO_BIN_EXE_idle_lifecycle"), &[]),
        ("1000 resources of one type", env!("CARGO_BIN_EXE_idle_lifecycle"), &["1000"]),
        ("100 resources of 100 types", env!("CARGO_BIN_EXE_idle_types"), &[]),
    ];
    let mut times = [const { Vec::new() }; 4];
    for _ in 0..RUNS {
        for ((_, program, args), times) in programs.iter().zip(&mut times) {
            let child = Running::start(program, args);
            times.push(millis(child.ready_after));
            child.stop();
        }
    }
    let rows: Vec<[String; 3]> = programs
        .iter()
        .zip(&times)
        .map(|((name, ..), times)| {
            row![name, format!("{:.2}", median(times)), format!("{:.2}", quantile(times, 0.9))]
        })
        .collect();
    table::print("start of the process to ready: ms", ["", "median", "p90"], &rows);
    Vec::new()
}
