//! The growth of a binary in KiB.

use std::path::Path;
use std::process::Command;

use crate::row;
use crate::table::{self, Goal};

/// Returns the size of the program without symbols, in KiB.
fn stripped(program: &str) -> f64 {
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("stripped");
    let status = Command::new("strip").arg("-o").arg(&copy).arg(program).status();
    assert!(status.expect("`strip`, from binutils").success());
    let bytes = std::fs::metadata(&copy).expect("just written").len();
    f64::from(u32::try_from(bytes).expect("a small program")) / 1024.0
}

pub(crate) fn run() -> Vec<Goal> {
    let (bare, ours) =
        (stripped(env!("CARGO_BIN_EXE_hello_bare")), stripped(env!("CARGO_BIN_EXE_hello_lifecycle")));
    let rows = [
        row!["bare tokio", format!("{bare:.0}"), "-"],
        row!["lifecycle", format!("{ours:.0}"), format!("{:+.0}", ours - bare)],
    ];
    table::print("hello world, release, stripped: KiB", ["", "size", "over bare"], &rows);
    vec![Goal::at_most("hello world over bare tokio", 150.0, ours - bare, "KiB")]
}
