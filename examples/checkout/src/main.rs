//! The program. The service is in the library, so that its tests can call it.

use std::process::ExitCode;

fn main() -> ExitCode {
    checkout::main()
}
