//! Writes to stderr through a descriptor of its own, without std's lock, which user code may hold (R21).

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::sync::mpsc::{self, Sender};
use std::time::Duration;

#[derive(Clone)]
pub(crate) struct Reporter(Sender<Message>);

struct Message {
    text: String,
    written: Option<Sender<()>>,
}

impl Reporter {
    pub(super) fn start() -> io::Result<Reporter> {
        let (sender, messages) = mpsc::channel::<Message>();
        // A process may be started without a stderr: then nobody reads a report either.
        let stderr = io::stderr().as_fd().try_clone_to_owned().ok().map(File::from);
        let run = move || {
            for message in messages {
                if let Some(mut stderr) = stderr.as_ref() {
                    let _ = stderr.write_all(message.text.as_bytes());
                }
                if let Some(written) = message.written {
                    let _ = written.send(());
                }
            }
        };
        std::thread::Builder::new()
            .name("lc-reporter".to_owned())
            .spawn(run)?;
        Ok(Reporter(sender))
    }

    /// Writes `text` when it can.
    pub(crate) fn print(&self, text: String) {
        let _ = self.0.send(Message { text, written: None });
    }

    /// Writes `text`, and waits for that at most this long.
    pub(super) fn print_within(&self, text: String, limit: Duration) {
        let (written, wait) = mpsc::channel();
        let _ = self.0.send(Message {
            text,
            written: Some(written),
        });
        let _ = wait.recv_timeout(limit);
    }
}
