//! A service that reports events to Sentry, with and without a teardown.

use std::borrow::Cow;

use lifecycle::{Slot, Teardown};
use sentry::{ClientInitGuard, ClientOptions, Level};

/// Any error.
type Error = Box<dyn std::error::Error + Send + Sync>;

#[lifecycle::resource]
struct Ledger;

#[lifecycle::teardown]
impl Teardown for Ledger {
    async fn teardown(&self) {
        println!("ledger closed");
    }
}

#[lifecycle::resource(last, timeout = "5s")]
struct Telemetry {
    #[teardown]
    guard: Slot<ClientInitGuard>,
}

#[lifecycle::main(worker_threads = 2)]
async fn main() -> Result<(), Error> {
    lifecycle::manage(Ledger);
    let kind = std::env::args().nth(1).ok_or("which scenario?")?;
    let mut options = ClientOptions::default();
    options.release = Some(Cow::Borrowed("service@1.0.0"));
    if let Ok(dsn) = std::env::var("DSN") {
        options.dsn = Some(dsn.parse()?);
    }
    let guard = sentry::init(options);
    // Dropped at the end of `main`, as the docs of `sentry` say.
    let mut held = None;
    match kind.as_str() {
        "managed" => drop(lifecycle::manage(Telemetry { guard: Slot::new(guard) })),
        "dropped" => held = Some(guard),
        "forgotten" => std::mem::forget(guard),
        other => return Err(format!("no scenario `{other}`").into()),
    }
    lifecycle::ready();
    println!("ready");
    lifecycle::stopping().await;
    let count: usize = std::env::var("COUNT")?.parse()?;
    for number in 0..count {
        sentry::capture_message(&format!("event {number}"), Level::Error);
    }
    drop(held);
    Ok(())
}
