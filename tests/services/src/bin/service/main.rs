//! The services that the tests start and stop: one program with several scenarios.

mod along_the_plan;
mod archives;
mod consuming;
mod databases;
mod files;
mod holding;
mod messages;
mod observed;
mod pipeline;
mod telemetry;

use std::process::ExitCode;

use lifecycle::Process;
use tokio::runtime::RuntimeFlavor;

/// Any error.
type Error = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let process = match std::env::var_os("CURRENT_THREAD") {
        Some(_) => Process::new().flavor(RuntimeFlavor::CurrentThread),
        None => Process::new().worker_threads(2),
    };
    process.run(run())
}

async fn run() -> Result<(), Error> {
    let scenario = std::env::args().nth(1).unwrap_or_default();
    match scenario.split_once('/').ok_or("which scenario?")? {
        ("along the plan", name) => along_the_plan::run(name).await,
        ("archives", kind) => archives::run(kind).await,
        ("databases", name) => databases::run(name).await,
        ("consume", broker) => consuming::run(broker).await,
        ("hold", broker) => holding::run(broker).await,
        ("files", name) => files::run(name).await,
        ("observed", by) => observed::run(by).await,
        ("pipeline", _) => pipeline::run().await,
        ("telemetry", kind) => telemetry::run(kind).await,
        (other, _) => Err(format!("no scenario `{other}`").into()),
    }
}

/// Returns a setting from the environment, which must exist.
fn setting(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

/// Returns a setting that is a number.
fn number(name: &str) -> usize {
    setting(name).parse().unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Runs until the stop. Prints `ready` and `stopping`.
async fn serve() {
    lifecycle::ready();
    println!("ready");
    lifecycle::stopping().await;
    println!("stopping");
}
