//! The scenarios of a fixture. The first argument names the scenario, which prints its progress on stdout.

mod endings;
mod instances;
mod reload;
mod startup;
mod stored;
mod streams;
mod stuck;

use std::time::Duration;

use lifecycle::{Managed, Teardown};

/// A resource that all others depend on.
#[lifecycle::resource]
struct Store;

#[lifecycle::teardown]
impl Teardown for Store {
    async fn teardown(&self) {
        // This teardown needs an await and a timer.
        tokio::time::sleep(Duration::from_millis(10)).await;
        println!("store closed");
    }
}

/// A resource that is torn down before the store, because it holds the store.
#[lifecycle::resource]
struct Orders {
    store: Managed<Store>,
}

#[lifecycle::teardown]
impl Teardown for Orders {
    async fn teardown(&self) {
        println!("orders closed");
    }
}

fn manage_two() -> Managed<Orders> {
    let store = lifecycle::manage(Store);
    let orders = lifecycle::manage(Orders { store });
    drop(orders.store.clone());
    println!("managed");
    orders
}

/// Ends the start-up, and waits for the stop.
async fn serve() {
    lifecycle::ready();
    println!("ready");
    lifecycle::stopping().await;
    println!("stopping");
}

/// Runs the scenario.
pub(crate) async fn run() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [scenario] = &arguments[..] else {
        return Err(format!("expected the name of a scenario, got {arguments:?}"));
    };
    let (room, name) = scenario.split_once('/').unwrap_or(("", scenario));
    match room {
        "endings" => endings::run(name).await,
        "instances" => instances::run(name).await,
        "reload" => reload::run(name).await,
        "stored" => stored::run(name).await,
        "startup" => startup::run(name).await,
        "streams" => streams::run(name).await,
        "stuck" => stuck::run(name).await,
        _ => Err(unknown(scenario)),
    }
}

fn unknown(scenario: &str) -> String {
    format!("no scenario `{scenario}`")
}

/// Blocks the thread for longer than any test waits.
fn block() {
    std::thread::sleep(Duration::from_secs(120));
}

/// A value that prints a line when it is dropped.
struct Says(&'static str);

impl Drop for Says {
    fn drop(&mut self) {
        println!("{}", self.0);
    }
}
