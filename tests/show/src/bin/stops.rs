//! A service that is stopped: `stops COUNT [FAULT..]` manages `COUNT` instances, some of them with a fault.
//!
//! Its report becomes an SVG in the file that the variable `SVG` names.

use std::future::pending;
use std::process::ExitCode;
use std::time::Duration;

use lifecycle::{Deferred, FactKind, Managed, Process, Teardown};
use tokio::time::sleep;

/// What every other instance of the service needs.
#[lifecycle::resource]
struct Database;

#[lifecycle::teardown]
impl Teardown for Database {
    async fn teardown(&self) {
        sleep(Duration::from_millis(25)).await;
    }
}

/// Takes orders. The first one has the faults.
#[lifecycle::resource(timeout = "150ms")]
struct Orders {
    db: Managed<Database>,
    faults: Vec<String>,
    millis: u64,
}

#[lifecycle::teardown]
impl Teardown for Orders {
    async fn teardown(&self) -> Result<(), String> {
        let _ = &self.db;
        sleep(Duration::from_millis(self.millis)).await;
        for fault in &self.faults {
            match fault.as_str() {
                "fail" => return Err("the broker answered 503: 2 messages were not <b>sent</b>".to_owned()),
                "hang" => pending().await,
                "unconfirmed" => lifecycle::unconfirmed("the last datagram has no answer"),
                "slow" => sleep(Duration::from_millis(80)).await,
                _ => {}
            }
        }
        Ok(())
    }
}

/// Ships what the others have logged.
#[lifecycle::resource(last)]
struct Telemetry;

#[lifecycle::teardown]
impl Teardown for Telemetry {
    async fn teardown(&self) {
        sleep(Duration::from_millis(12)).await;
    }
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let count: usize = arguments.next().and_then(|count| count.parse().ok()).expect("a count");
    let faults: Vec<String> = arguments.collect();
    let process = Process::new().grace(Duration::from_secs(10)).lame_duck(Duration::from_millis(40));
    let process = process.observer("svg", |fact: &lifecycle::Fact| {
        if let (FactKind::Sealed { report, .. }, Ok(path)) = (&fact.kind, std::env::var("SVG")) {
            std::fs::write(path, report.to_svg()).expect("the image is written");
        }
    });
    process.run(service(count, faults))
}

async fn service(count: usize, faults: Vec<String>) {
    let has = |fault: &str| faults.iter().any(|one| one == fault);
    let db = lifecycle::manage(Database);
    let _telemetry = lifecycle::manage(Telemetry);
    let name = if has("markup") { "<script>alert('orders')</script> & \"sons\"" } else { "Orders" };
    let _orders = lifecycle::manage_as(name, Orders { db: db.clone(), faults: faults.clone(), millis: 15 });
    let mut shards = Vec::new();
    for number in 3..count {
        let millis = 3 + u64::try_from(number).expect("small") * 7 % 30;
        match number % 10 {
            // One shard of ten is a step without a type, which uses the database.
            0 => drop(
                Deferred::new(format!("checkpoint-{number:03}"))
                    .uses(&db)
                    .order(1)
                    .run(move || sleep(Duration::from_millis(millis))),
            ),
            1..=4 => drop(
                Deferred::new(format!("cache-{number:03}")).run(move || sleep(Duration::from_millis(millis))),
            ),
            _ => shards.push(lifecycle::manage_as(
                format!("shard-{number:03}"),
                Orders { db: db.clone(), faults: Vec::new(), millis },
            )),
        }
    }
    if has("straggler") {
        lifecycle::spawn(pending::<()>());
    }
    lifecycle::ready();
    println!("ready");
    lifecycle::stopping().await;
    sleep(Duration::from_millis(if has("long-drain") { 300 } else { 20 })).await;
}
