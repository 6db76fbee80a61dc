//! Services whose stdout, stderr or log has no reader.

use std::fmt::Debug;
use std::sync::mpsc;
use std::time::Duration;

use lifecycle_process_tests::OnEvent;
use tracing::field::Field;

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
            OnEvent(|_| {
                println!("log hangs");
                block();
            })
            .install()?;
            let _orders = manage_two();
            serve().await;
        }
        "log is slow, with a flush" => {
            lifecycle::Deferred::new("logs").last().run(|| async { println!("flushed") });
            hear_slowly()?;
            serve().await;
        }
        "log is slow" => {
            hear_slowly()?;
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

/// Prints each event of the log, 20 ms late.
fn hear_slowly() -> Result<(), String> {
    OnEvent(|event| {
        std::thread::sleep(Duration::from_millis(20));
        event.record(&mut |field: &Field, value: &dyn Debug| {
            if field.name() == "message" {
                println!("heard: {value:?}");
            }
        });
    })
    .install()
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
