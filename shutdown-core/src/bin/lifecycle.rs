//! The program `lifecycle`: makes a page of the stops in a report file.

use std::process::ExitCode;

fn main() -> ExitCode {
    lifecycle::__private::show(std::env::args_os().skip(1))
}
