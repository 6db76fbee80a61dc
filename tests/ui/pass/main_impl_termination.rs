use std::process::{ExitCode, Termination};

#[lifecycle::main(report = "text")]
async fn main() -> impl Termination {
    ExitCode::SUCCESS
}
