use std::process::{ExitCode, Termination};

struct Mine;

impl Termination for Mine {
    fn report(self) -> ExitCode {
        ExitCode::SUCCESS
    }
}

#[cfg(any())]
#[lifecycle::main]
async fn main() -> Missing {}

#[lifecycle::main]
#[cfg(all())]
async fn main() -> Result<Mine, String> {
    Ok(Mine)
}
