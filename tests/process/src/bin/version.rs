//! A program that reads its arguments inside of `main`, and often has nothing else to do.

use std::process::ExitCode;

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

#[lifecycle::main(worker_threads = 1)]
async fn main() -> Result<ExitCode, String> {
    let argument = std::env::args().nth(1).unwrap_or_default();
    match &*argument {
        "--version" => println!("version 1.0"),
        "--version with a log" => {
            tracing::subscriber::set_global_default(Printing).map_err(|error| error.to_string())?;
            println!("version 1.0");
        }
        "--help, by exit" => {
            println!("usage: ..");
            std::process::exit(0);
        }
        "--unknown, by code" => return Ok(ExitCode::from(2)),
        "--unknown, by error" => return Err("unknown option".to_owned()),
        "panic" => panic!("no such option"),
        "task panics" => {
            lifecycle::spawn(async { panic!("task gave up") });
        }
        "ready" => lifecycle::ready(),
        "managed" => lifecycle::defer("farewell", || async { println!("farewell") }),
        "exit while ready" => {
            lifecycle::ready();
            std::process::exit(7);
        }
        other => return Err(format!("no scenario `{other}`")),
    }
    Ok(ExitCode::SUCCESS)
}

/// A subscriber that prints a line for each event.
struct Printing;

impl Subscriber for Printing {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        eprintln!("log: {:?}", event.metadata().name());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
