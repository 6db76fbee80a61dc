//! Runs of this program under callgrind.

use std::ffi::OsStr;
use std::process::Command;

use lifecycle_instruction_tests::figures::Figure;

use crate::cases::{Case, FLOOR, OURS};

/// The argument with which this program runs a case: `--run CASE SIDE TIMES`.
pub(crate) const RUN: &str = "--run";

/// What callgrind and the allocator have counted.
struct Count {
    instructions: f64,
    allocations: f64,
}

/// Returns what one operation of a case costs.
pub(crate) fn figure(case: &Case) -> Figure {
    let ours = marginal(case, OURS);
    let floor = match case.floor {
        Some(_) => marginal(case, FLOOR),
        None => Count { instructions: 0.0, allocations: 0.0 },
    };
    Figure {
        case: case.name.to_owned(),
        instructions: ours.instructions - floor.instructions,
        floor: floor.instructions,
        allocations: ours.allocations - floor.allocations,
    }
}

/// Returns the cost of one more operation: a run of twice as many less a run of so many. Start and end of the process
/// are in both.
fn marginal(case: &Case, side: &str) -> Count {
    let [once, twice] = [case.times, 2 * case.times].map(|times| {
        let program = std::env::current_exe().expect("this program");
        let times = times.to_string();
        let mut command = under(&program);
        command.args([RUN, case.name, side, &times]);
        // Another program that runs meanwhile adds some waits for the kernel. None takes instructions away.
        let runs = (0..case.runs).map(|_| count(&mut command));
        let (instructions, told) = runs.min_by(|a, b| a.0.total_cmp(&b.0)).expect("there are some");
        Count { instructions, allocations: told.trim().parse().expect("the number of allocations") }
    });
    #[expect(clippy::cast_precision_loss, reason = "some thousand operations")]
    let times = case.times as f64;
    Count {
        instructions: (twice.instructions - once.instructions) / times,
        allocations: (twice.allocations - once.allocations) / times,
    }
}

/// Returns a command that runs `program` under callgrind.
pub(crate) fn under(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(program);
    command
}

/// Runs a command of [`under`], and returns its instructions and its output.
pub(crate) fn count(command: &mut Command) -> (f64, String) {
    let output = command.output().expect("valgrind runs (Debian: `apt-get install valgrind`)");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{told}", output.status);
    let collected = told.lines().find_map(|line| line.split_once("Collected : "));
    let (_, instructions) = collected.unwrap_or_else(|| panic!("{command:?} counts nothing\n{told}"));
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    (instructions.trim().parse().expect("a number"), output)
}
