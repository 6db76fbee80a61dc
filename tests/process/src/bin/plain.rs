//! The scenarios in a plain `main`: `Process` with the options of the variable `OPTIONS`.

use std::process::ExitCode;
use std::time::Duration;

use lifecycle::{Process, ReportFormat};
use tokio::runtime::{Builder, RuntimeFlavor};

#[path = "../scenario/mod.rs"]
mod scenario;

fn main() -> ExitCode {
    let options = std::env::var("OPTIONS").unwrap_or_default();
    let options: Vec<&str> = options.split_whitespace().collect();
    let process = options.iter().fold(Process::new(), |process, option| with(process, option));
    if options.contains(&"in-a-runtime") {
        let runtime = Builder::new_current_thread().build().expect("a runtime");
        return runtime.block_on(async { process.run(async {}) });
    }
    let code = process.run(scenario::run());
    if options.contains(&"again") {
        return Process::new().run(async {});
    }
    if options.contains(&"slow-after") {
        std::thread::sleep(Duration::from_millis(1_500));
    }
    println!("after run");
    code
}

fn with(process: Process, option: &str) -> Process {
    let (key, value) = option.split_once('=').unwrap_or((option, ""));
    let number = || value.parse().expect("a number");
    let millis = || Duration::from_millis(value.parse().expect("milliseconds"));
    match (key, value) {
        ("grace_ms", _) => process.grace(millis()),
        ("lame_duck_ms", _) => process.lame_duck(millis()),
        ("job", _) => process.job(),
        ("signals", _) => process.signals(value.split(',').filter(|name| !name.is_empty())),
        ("report", "json") => process.report(ReportFormat::Json),
        ("report", "off") => process.report(ReportFormat::Off),
        ("observer", "hangs") => {
            process.observer("hangs", |_| std::thread::sleep(Duration::from_secs(3_600)))
        }
        ("observer", "panics") => {
            process.observer("panics", |_| std::panic::resume_unwind(Box::new("a bug")))
        }
        ("observer", "prints") => process.observer("prints", |fact| {
            let kind = format!("{:?}", fact.kind);
            println!("fact: {}", kind.split([' ', '{']).next().unwrap_or_default());
        }),
        ("flavor", "current_thread") => process.flavor(RuntimeFlavor::CurrentThread),
        ("worker_threads", _) => process.worker_threads(number()),
        ("max_blocking_threads", _) => process.max_blocking_threads(number()),
        ("thread_name", "nul") => process.thread_name("a\0b"),
        ("thread_name", _) => process.thread_name(value),
        ("runtime", "multi") => process.runtime(with_hooks(Builder::new_multi_thread())),
        ("runtime", "current") => process.runtime(with_hooks(Builder::new_current_thread())),
        _ => process,
    }
}

/// A builder without drivers, with the hooks of a program of its own.
fn with_hooks(mut builder: Builder) -> Builder {
    builder.worker_threads(2).on_thread_start(|| eprintln!("hook: start"));
    builder.on_thread_stop(|| eprintln!("hook: stop")).on_thread_park(|| {}).on_thread_unpark(|| {});
    builder
}
