//! Ways for a service to end, each with two resources to tear down.

use std::future::pending;
use std::time::Duration;

use super::{Says, block, manage_two, serve, unknown};

pub(super) async fn run(name: &str) -> Result<(), String> {
    let _orders = manage_two();
    match name {
        "idle" => {}
        "return" => return Ok(()),
        "error" => return Err("no broker at localhost".to_owned()),
        "panic" => panic!("main gave up"),
        "shutdown" => lifecycle::shutdown("nothing left to do"),
        "fail" => lifecycle::fail("lost the lead"),
        "essential returns" => drop(lifecycle::spawn_essential("consumer", async {})),
        "essential panics" => drop(lifecycle::spawn_essential("consumer", async {
            gives_up("consumer");
        })),
        "exit by a thread" => drop(std::thread::spawn(exits)),
        "exit by a panic hook" => {
            std::panic::set_hook(Box::new(|_| exits()));
            drop(lifecycle::spawn(async { gives_up("task") }));
        }
        "exit by a hook" => lifecycle::defer("broken", || async { exits() }),
        "work" => work(),
        "hook fails" => hook_fails(),
        "hook panics" => {
            lifecycle::defer("broken", || async { gives_up("hook") });
        }
        "hook hangs" => hook_hangs(),
        "task panics before" => {
            let _ = lifecycle::spawn(async { gives_up("task") }).await;
        }
        "task panics during" => drop(lifecycle::spawn(async {
            lifecycle::stopping().await;
            gives_up("task");
        })),
        "task is endless" => drop(lifecycle::spawn(async {
            let _says = Says("task dropped");
            pending::<()>().await;
        })),
        "error, hook fails" => {
            hook_fails();
            return Err("no broker at localhost".to_owned());
        }
        "panic, hook fails" => {
            hook_fails();
            panic!("main gave up");
        }
        "panic, error asked for" => {
            lifecycle::fail("lost the lead");
            panic!("main gave up");
        }
        "panic, thread blocked" => {
            // The name puts this hook first. On a current-thread runtime no later teardown runs.
            lifecycle::defer("A hook that blocks", || async { block() });
            panic!("main gave up");
        }
        _ => return Err(unknown(name)),
    }
    serve().await;
    Ok(())
}

/// Spawns work in flight that ends some time after the drain begins.
fn work() {
    drop(lifecycle::spawn(async {
        lifecycle::draining().await;
        tokio::time::sleep(Duration::from_millis(600)).await;
        println!("work done");
    }));
}

fn hook_fails() {
    lifecycle::defer("broken", || async { Err::<(), _>("disk full") });
}

fn hook_hangs() {
    lifecycle::defer("broken", || async {
        println!("hook hangs");
        pending::<()>().await;
    });
}

fn gives_up(who: &str) {
    panic!("{who} gave up");
}

fn exits() {
    std::process::exit(7);
}
