use std::process::ExitCode;

#[lifecycle::main(grace = "1m", lame_duck = "0s", flavor = "multi_thread", worker_threads = 2, report = "json")]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    Ok(ExitCode::SUCCESS)
}
