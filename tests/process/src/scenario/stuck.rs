//! Services with a task or a teardown that never ends, or that blocks its thread.

use std::future::pending;
use std::time::Duration;

use lifecycle::Teardown;

use super::{block, manage_two, serve, unknown};

/// A number that exceeds the workers of every fixture.
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
            // The name puts this instance first, so the others wait for it.
            lifecycle::manage_as("A slow value", SlowValue(SlowDrop));
            println!("blocked");
        }
        "teardown" => {
            // The name puts this hook first, so the others wait for it.
            lifecycle::defer("A hook that blocks", || async { blocked() });
            println!("blocked");
        }
        "exit" => {
            // SAFETY: `atexit` takes a function that exists until the end of the process. The function only
            // sleeps.
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

/// Prints `blocked`, and blocks the thread.
fn blocked() {
    println!("blocked");
    block();
}

/// An exit handler, as a C library may register it.
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

/// Blocks the worker that holds tokio's driver. The worker that waited for the timer runs the next line itself.
async fn block_with_the_driver() {
    lifecycle::stopping().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    println!("driver blocked");
    block();
}

/// Waits for a timer in another task. An idle worker can serve this timer.
async fn timers_go_on() {
    lifecycle::stopping().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    println!("timer fired");
}
