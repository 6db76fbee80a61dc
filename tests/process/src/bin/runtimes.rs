//! A library that builds its own runtimes, on threads of its own, inside of a process.

use std::process::ExitCode;
use std::sync::{Arc, Barrier};
use std::thread;

use lifecycle::{Process, Teardown};
use tokio::runtime::Builder;

#[lifecycle::resource]
struct Shard(usize);

#[lifecycle::teardown]
impl Teardown for Shard {
    async fn teardown(&self) {
        println!("shard {} closed", self.0);
    }
}

/// Serves until the drain: one thread and one runtime for each shard.
fn library(shards: usize) {
    // The test stops the process when a shard serves. All shards have begun by then.
    let begun = Arc::new(Barrier::new(shards));
    let start = |shard| {
        thread::spawn({
            let begun = Arc::clone(&begun);
            move || serve(shard, &begun)
        })
    };
    let threads: Vec<_> = (0..shards).map(start).collect();
    for thread in threads {
        thread.join().expect("no thread panics");
    }
    println!("library returned");
}

fn serve(shard: usize, begun: &Barrier) {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let managed = lifecycle::manage_as(format!("shard {shard}"), Shard(shard));
        assert!(!lifecycle::is_stopping());
        // A task of the foreign runtime is inside, too. The tracked task of the lifecycle runs on the main runtime.
        let inner = tokio::spawn(async { lifecycle::pass().is_some() });
        assert!(inner.await.expect("it returns"));
        lifecycle::spawn(async move {
            lifecycle::draining().await;
            println!("task of shard {} ended", managed.0);
        });
        begun.wait();
        println!("serving");
        lifecycle::draining().await;
        assert!(lifecycle::is_stopping());
    });
}

fn main() -> ExitCode {
    Process::new().run(async {
        let library = lifecycle::spawn_blocking(|| library(2));
        library.await
    })
}
