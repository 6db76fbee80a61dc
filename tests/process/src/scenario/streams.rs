//! Services whose stdout, stderr or log has no reader.

use std::sync::mpsc;

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::{block, manage_two, serve, unknown};

pub(super) async fn run(name: &str) -> Result<(), String> {
    match name {
        "stdout is full" => {
            fill(libc::STDOUT_FILENO);
            print!("a line without an end, in the buffer");
            hold_the_lock(|| std::io::stdout().lock());
            // The function `serve` would write to stdout.
            eprintln!("ready");
            lifecycle::stopping().await;
            return Ok(());
        }
        "stderr is full" => {
            fill(libc::STDERR_FILENO);
            hold_the_lock(|| std::io::stderr().lock());
            let _orders = manage_two();
            serve().await;
        }
        "stderr is full, hook hangs" => {
            fill(libc::STDERR_FILENO);
            lifecycle::defer("broken", || async {
                println!("hook hangs");
                std::future::pending::<()>().await;
            });
            serve().await;
        }
        "log hangs" => {
            tracing::subscriber::set_global_default(Deadlocked).map_err(|error| error.to_string())?;
            let _orders = manage_two();
            serve().await;
        }
        "unflushed" => {
            lifecycle::Deferred::new("farewell")
                .last()
                .run(|| async { print!("the last line, without an end") });
            serve().await;
        }
        _ => return Err(unknown(name)),
    }
    Ok(())
}

/// Fills a pipe that has no reader.
fn fill(pipe: i32) {
    // SAFETY: `fcntl` and `write` take a standard descriptor, integers and a pointer to a local of that size.
    unsafe {
        let flags = libc::fcntl(pipe, libc::F_GETFL);
        libc::fcntl(pipe, libc::F_SETFL, flags | libc::O_NONBLOCK);
        let bytes = [b'.'; 512];
        while libc::write(pipe, bytes.as_ptr().cast(), bytes.len()) > 0 {}
        libc::fcntl(pipe, libc::F_SETFL, flags);
    }
}

/// Takes the lock of a stream on another thread, which then blocks in a write forever.
fn hold_the_lock<W: std::io::Write>(lock: impl FnOnce() -> W + Send + 'static) {
    let (locked, wait) = mpsc::channel();
    std::thread::spawn(move || {
        let mut stream = lock();
        let _ = locked.send(());
        while stream.write_all(b"a line\n").is_ok() {}
    });
    let _ = wait.recv();
}

/// A subscriber that never returns from an event.
struct Deadlocked;

impl Subscriber for Deadlocked {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        println!("log hangs");
        block();
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
