//! The time-outs of `timeouts` in a plain `main`, whose argument is the grace in seconds.

use std::process::ExitCode;
use std::time::Duration;

use lifecycle::{Managed, Process};

#[lifecycle::resource(timeout = "1s", no_teardown = "only its time-out counts")]
struct Below;

#[lifecycle::resource(timeout = "1s", no_teardown = "only its time-out counts")]
struct Above {
    below: Managed<Below>,
}

fn main() -> ExitCode {
    let seconds = std::env::args().nth(1).and_then(|argument| argument.parse().ok());
    Process::new().grace(Duration::from_secs(seconds.unwrap_or(10))).run(async {
        println!("main runs");
        let below = lifecycle::manage(Below);
        let above = lifecycle::manage(Above { below });
        let Below = &*above.below;
        tokio::task::yield_now().await;
    })
}
