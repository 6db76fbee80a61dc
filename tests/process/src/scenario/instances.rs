//! Instances that come and go at awkward moments.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use lifecycle::{Managed, Teardown};
use tokio::sync::Barrier;

use super::{manage_two, serve, unknown};

pub(super) async fn run(name: &str) -> Result<(), String> {
    let _orders = manage_two();
    match name {
        "one after the other" => {
            let status = lifecycle::last_stop().map(|last| last.status);
            println!("last stop: {:?}", status.flatten());
            for part in 0..6_u32 {
                lifecycle::Deferred::new(format!("part {part}")).order(part.cast_signed()).run(|| async {
                    tokio::time::sleep(std::time::Duration::from_millis(4)).await;
                });
            }
        }
        "managed while stopping" => {
            serve().await;
            lifecycle::defer("afterthought", || async { println!("afterthought closed") });
            return Ok(());
        }
        "managed by a hook" => {
            // This teardown starts work that needs a teardown too.
            lifecycle::Deferred::new("telemetry").last().run(|| async {
                lifecycle::defer("afterthought", || async { println!("afterthought closed") });
                println!("telemetry closed");
            });
        }
        "released while stopping" => release_race(),
        _ => return Err(unknown(name)),
    }
    serve().await;
    Ok(())
}

const COUNTED: usize = 40;
static CLOSED: [AtomicU32; COUNTED] = [const { AtomicU32::new(0) }; COUNTED];

#[lifecycle::resource]
struct Counted(usize);

#[lifecycle::teardown]
impl Teardown for Counted {
    async fn teardown(&self) {
        CLOSED[self.0].fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
    }
}

/// Releases each instance through two clones at the moment when the stop begins to tear it down.
fn release_race() {
    let start = Arc::new(Barrier::new(2 * COUNTED));
    for at in 0..COUNTED {
        let counted = lifecycle::manage(Counted(at));
        for clone in [counted.clone(), counted] {
            // The tasks are not tracked, so the cleanup does not wait for them.
            tokio::spawn(release(clone, Arc::clone(&start)));
        }
    }
    lifecycle::Deferred::new("count").last().run(|| async {
        let closed: Vec<u32> = CLOSED.iter().map(|closed| closed.load(Ordering::SeqCst)).collect();
        if closed.iter().all(|count| *count == 1) {
            println!("each closed once");
        } else {
            println!("closed {closed:?} times");
        }
    });
}

async fn release(counted: Managed<Counted>, start: Arc<Barrier>) {
    lifecycle::stopping().await;
    start.wait().await;
    if let Err(error) = counted.release().await {
        println!("{error}");
    }
}
