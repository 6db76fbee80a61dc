//! The program `lifecycle`, built with this package.

use std::process::ExitCode;

fn main() -> ExitCode {
    lifecycle::__private::show(std::env::args_os().skip(1))
}
