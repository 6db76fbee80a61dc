//! Services with a task or a teardown that never ends, or that blocks its thread.

use std::future::pending;
use std::time::Duration;

use lifecycle::Teardown;
use tokio::io::AsyncReadExt as _;

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
        "stdin" => {
            drop(tokio::spawn(async { tokio::io::stdin().read(&mut [0]).await }));
            stdin_is_being_read().await;
        }
        "stdin of a tracked task" => {
            drop(lifecycle::spawn(async {
                let (mut stdin, mut byte) = (tokio::io::stdin(), [0]);
                tokio::select! {
                    _ = stdin.read(&mut byte) => {}
                    () = lifecycle::draining() => {}
                }
            }));
            stdin_is_being_read().await;
        }
        "block_in_place" => drop(tokio::spawn(async { tokio::task::block_in_place(blocked) })),
        "tokio's task blocks a worker" => drop(tokio::spawn(async { blocked() })),
        "tokio's task spins" => drop(tokio::spawn(async {
            println!("blocked");
            loop {
                std::hint::spin_loop();
            }
        })),
        "stdin, and a worker" => {
            drop(tokio::spawn(async { tokio::io::stdin().read(&mut [0]).await }));
            stdin_is_being_read().await;
            drop(tokio::spawn(async { blocked() }));
        }
        "many blocking calls" => {
            let begun = std::sync::Arc::new(std::sync::Barrier::new(MANY + 1));
            for _ in 0..MANY {
                let begun = std::sync::Arc::clone(&begun);
                drop(tokio::task::spawn_blocking(move || {
                    begun.wait();
                    block();
                }));
            }
            begun.wait();
            println!("blocked");
        }
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
        "destructor at exit" => SLOW.with(|SlowDrop| ()),
        "driver" => {
            drop(lifecycle::spawn(timers_go_on()));
            drop(lifecycle::spawn(block_with_the_driver()));
        }
        _ => return Err(unknown(name)),
    }
    serve().await;
    Ok(())
}

/// Waits until a thread of this process is in the system call `read` of stdin. Then prints `blocked`.
async fn stdin_is_being_read() {
    let reads = format!("{} 0x0 ", libc::SYS_read);
    let is_read = || {
        let threads = std::fs::read_dir("/proc/self/task").expect("/proc is mounted").flatten();
        let call = |thread: std::fs::DirEntry| std::fs::read_to_string(thread.path().join("syscall"));
        threads.filter_map(|thread| call(thread).ok()).any(|call| call.starts_with(&reads))
    };
    while !is_read() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    println!("blocked");
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

thread_local! {
    /// Is dropped when the main thread ends, which polls `main`.
    static SLOW: SlowDrop = const { SlowDrop };
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
