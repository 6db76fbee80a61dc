//! A program that reads its arguments inside of `main`, and often has nothing else to do.

use std::process::ExitCode;

use lifecycle_process_tests::OnEvent;

#[lifecycle::main(worker_threads = 1)]
async fn main() -> Result<ExitCode, String> {
    let argument = std::env::args().nth(1).unwrap_or_default();
    match &*argument {
        "--version" => println!("version 1.0"),
        "--version with a log" => {
            OnEvent(|event| eprintln!("log: {:?}", event.metadata().name())).install()?;
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
            lifecycle::spawn(async {
                // A panic before the stop is a note, and one in the stop is a failure.
                lifecycle::stopping().await;
                panic!("task gave up")
            });
        }
        "ready" => lifecycle::ready(),
        "managed" => lifecycle::defer("farewell", || async { println!("farewell") }),
        "managed, by code" => {
            lifecycle::defer("farewell", || async { println!("farewell") });
            return Ok(ExitCode::from(3));
        }
        "exit while ready" => {
            lifecycle::ready();
            std::process::exit(7);
        }
        other => return Err(format!("no scenario `{other}`")),
    }
    Ok(ExitCode::SUCCESS)
}
