//! Services with something that never ends, or that blocks its thread.

use std::future::pending;
use std::time::Duration;

use lifecycle::Teardown;

use super::{block, manage_two, serve, unknown};

/// More than any fixture has workers.
const MANY: usize = 6;

pub(super) async fn run(name: &str) -> Result<(), String> {
    let _orders = manage_two();
    match name {
        "task is endless" => drop(lifecycle::spawn(pending::<()>())),
        "one worker" => drop(lifecycle::spawn(async { blocked() })),
        "all workers" => (0..MANY).for_each(|_| drop(lifecycle::spawn(async { blocked() }))),
        "main" => {
            lifecycle::ready();
            blocked();
        }
        "start-up" => blocked(),
        "spawn_blocking" => drop(lifecycle::spawn_blocking(blocked)),
        "tokio's spawn_blocking" => drop(tokio::task::spawn_blocking(blocked)),
        "drop of a task" => drop(lifecycle::spawn(async {
            let _slow = SlowDrop;
            println!("blocked");
            pending::<()>().await;
        })),
        "drop of tokio's task" => drop(tokio::spawn(async {
            let _slow = SlowDrop;
            println!("blocked");
            pending::<()>().await;
        })),
        "drop of main" => {
            let _slow = SlowDrop;
            lifecycle::ready();
            println!("blocked");
            pending::<()>().await;
        }
        "drop of a value" => {
            // By its name it is the first, so that the others are behind it.
            lifecycle::manage_as("A slow value", SlowValue(SlowDrop));
            println!("blocked");
        }
        "teardown" => {
            // By its name it is the first, so that the others are behind it.
            lifecycle::defer("A hook that blocks", || async { blocked() });
            println!("blocked");
        }
        "exit" => {
            // SAFETY: `atexit` takes a function that lives for ever; it only sleeps.
            unsafe { libc::atexit(block_at_exit) };
        }
        "driver" => {
            drop(lifecycle::spawn(timers_go_on()));
            drop(lifecycle::spawn(block_with_the_driver()));
        }
        _ => return Err(unknown(name)),
    }
    serve().await;
    Ok(())
}

/// Blocks its thread, and says so first.
fn blocked() {
    println!("blocked");
    block();
}

/// What a C library might have registered.
extern "C" fn block_at_exit() {
    block();
}

struct SlowDrop;

impl Drop for SlowDrop {
    fn drop(&mut self) {
        block();
    }
}

#[lifecycle::resource]
struct SlowValue(SlowDrop);

#[lifecycle::teardown]
impl Teardown for SlowValue {
    async fn teardown(&self) {
        let SlowDrop = &self.0;
        println!("value closed");
    }
}

/// The worker that waited for this timer, and so holds tokio's driver, runs what comes next itself.
async fn block_with_the_driver() {
    lifecycle::stopping().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    println!("driver blocked");
    block();
}

/// A timer of another task, which an idle worker could well serve.
async fn timers_go_on() {
    lifecycle::stopping().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    println!("timer fired");
}
