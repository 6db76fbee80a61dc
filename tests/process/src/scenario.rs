//! What a fixture process does, by the name in its first argument.

use std::time::Duration;

use lifecycle::{Managed, Teardown};

#[lifecycle::resource]
pub(crate) struct Store {
    millis: u64,
}

#[lifecycle::teardown]
impl Teardown for Store {
    async fn teardown(&self) {
        tokio::time::sleep(Duration::from_millis(self.millis)).await;
        println!("store closed");
    }
}

#[lifecycle::resource]
pub(crate) struct Orders {
    #[expect(dead_code, reason = "holding it is the point")]
    store: Managed<Store>,
}

#[lifecycle::teardown]
impl Teardown for Orders {
    async fn teardown(&self) {
        println!("orders closed");
    }
}

/// Runs the scenario until the stop.
pub(crate) async fn run() {
    let scenario = std::env::args().nth(1).unwrap_or_default();
    let store = lifecycle::manage(Store { millis: 10 });
    let _orders = lifecycle::manage(Orders { store });
    match &*scenario {
        "idle" => {}
        "endless-task" => drop(lifecycle::spawn(std::future::pending::<()>())),
        "blocked-task" => drop(lifecycle::spawn(async { block() })),
        "blocked-all" => {
            for _ in 0..8 {
                drop(lifecycle::spawn(async { block() }));
            }
        }
        "blocked-main" => {
            lifecycle::ready();
            tokio::time::sleep(Duration::from_millis(20)).await;
            block();
        }
        "spawn-blocking" => drop(lifecycle::spawn_blocking(block)),
        "blocking-drop" => drop(lifecycle::spawn(async {
            let _slow = SlowDrop;
            std::future::pending::<()>().await;
        })),
        other => panic!("no scenario `{other}`"),
    }
    lifecycle::stopping().await;
}

fn block() {
    std::thread::sleep(Duration::from_secs(60));
}

struct SlowDrop;

impl Drop for SlowDrop {
    fn drop(&mut self) {
        block();
    }
}
