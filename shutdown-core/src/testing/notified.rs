//! The socket of `NOTIFY_SOCKET`, and what the service has sent to it (`sd_notify(3)`).

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Instant;

use super::output::Output;
use super::program::TemporaryFile;

/// What a service tells its service manager.
#[derive(Debug)]
pub(super) struct Notified {
    file: TemporaryFile,
    said: Output,
}

impl Notified {
    /// Listens. A thread reads, so that the service never waits for room in the queue.
    #[track_caller]
    pub(super) fn listen() -> Notified {
        let file = TemporaryFile::new("notify");
        let socket = UnixDatagram::bind(file.path()).expect("a socket in the folder of temporary files");
        let said = Output::default();
        let heard = said.clone();
        std::thread::spawn(move || {
            let mut datagram = [0; 8 * 1024];
            while let Ok(length) = socket.recv(&mut datagram) {
                if length == 0 {
                    return;
                }
                String::from_utf8_lossy(&datagram[..length])
                    .lines()
                    .for_each(|line| heard.push(line.to_owned()));
            }
        });
        Notified { file, said }
    }

    pub(super) fn path(&self) -> &Path {
        self.file.path()
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.said.lines()
    }

    /// Waits for `READY=1`, or until `until`.
    pub(super) fn is_ready(&self, until: Instant) -> bool {
        self.said.find(until, |line| (line == "READY=1").then_some(())).is_some()
    }
}

impl Drop for Notified {
    fn drop(&mut self) {
        // An empty datagram ends the thread.
        let wake = UnixDatagram::unbound().and_then(|socket| socket.send_to(&[], self.file.path()));
        drop(wake);
    }
}
