//! The child program of the nine cells. Its first argument names one kind of work that does not end.

use std::future::pending;
use std::time::Duration;

use lifecycle::Teardown;

#[lifecycle::resource]
struct Store;

#[lifecycle::teardown]
impl Teardown for Store {
    async fn teardown(&self) {}
}

/// Runs the cell until the stop. Prints a line on stdout when the work has started.
pub(crate) async fn run() {
    let _store = lifecycle::manage(Store);
    lifecycle::ready();
    match &*std::env::args().nth(1).unwrap_or_default() {
        "endless task" => drop(lifecycle::spawn(async {
            println!("in place");
            pending::<()>().await;
        })),
        "one worker blocked" => drop(lifecycle::spawn(async { block() })),
        "all workers blocked" => {
            for _ in 0..2 {
                drop(lifecycle::spawn(async { block() }));
            }
        }
        "spawn_blocking" => drop(lifecycle::spawn_blocking(block)),
        "blocking Drop" => drop(lifecycle::spawn(async {
            let _slow = SlowDrop;
            println!("in place");
            pending::<()>().await;
        })),
        other => panic!("no cell `{other}`"),
    }
    lifecycle::stopping().await;
}

fn block() {
    println!("in place");
    std::thread::sleep(Duration::from_secs(60));
}

struct SlowDrop;

impl Drop for SlowDrop {
    fn drop(&mut self) {
        std::thread::sleep(Duration::from_secs(60));
    }
}
