//! Waits until the peer of a TCP connection has acknowledged what was written.
//!
//! A flush hands the bytes to the kernel. The kernel goes on sending them after the exit, but nobody learns whether the
//! peer is still there.

use std::any::Any;
use std::io;
use std::net::TcpStream;
use std::time::Duration;

use tokio::time::Instant;

use crate::resource::scope::{TeardownScope, unconfirmed};
use crate::socket::unacknowledged_bytes;

/// How long the peer may acknowledge nothing. A lost packet is sent again after 0.2 s, then 0.4 s.
const PATIENCE: Duration = Duration::from_secs(1);
/// The first pause between two looks. Each pause is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// Waits for the peer of a writer, if the writer is a `TcpStream` of std. It blocks.
pub(super) fn acknowledged<W: 'static>(writer: &W) -> Result<(), String> {
    let writer: &dyn Any = writer;
    let Some(stream) = writer.downcast_ref::<TcpStream>() else { return Ok(()) };
    let mut waiting = Waiting::new();
    while let Some(pause) = waiting.look(unacknowledged_bytes(stream)) {
        std::thread::sleep(pause);
    }
    waiting.ended(stream.take_error())
}

/// Waits for the peer of a socket of tokio.
#[cfg(all(feature = "tokio-types", not(loom)))]
pub(super) async fn acknowledged_async(
    socket: &impl crate::socket::Socket,
    error: impl Fn() -> io::Result<Option<io::Error>>,
) -> Result<(), String> {
    let mut waiting = Waiting::new();
    while let Some(pause) = waiting.look(unacknowledged_bytes(socket)) {
        tokio::time::sleep(pause).await;
    }
    waiting.ended(error())
}

struct Waiting {
    /// The bytes at the last look. `None` if the kernel cannot be asked.
    bytes: Option<usize>,
    /// When the peer has last acknowledged something.
    progress: Instant,
    until: Option<Instant>,
    pause: Duration,
}

impl Waiting {
    fn new() -> Self {
        let now = Instant::now();
        let until = TeardownScope::current().time_for_release().map(|limit| now + limit);
        Self { bytes: Some(usize::MAX), progress: now, until, pause: FIRST_PAUSE }
    }

    /// Returns how long to wait before the next look, or `None` after the last look.
    fn look(&mut self, bytes: Option<usize>) -> Option<Duration> {
        let now = Instant::now();
        if bytes < self.bytes {
            self.progress = now;
        }
        self.bytes = bytes;
        let is_over = now >= self.progress + PATIENCE || self.until.is_some_and(|until| now >= until);
        if is_over || matches!(bytes, None | Some(0)) {
            return None;
        }
        let pause = self.pause;
        self.pause = (pause * 2).min(LONGEST_PAUSE);
        Some(pause)
    }

    fn ended(self, error: io::Result<Option<io::Error>>) -> Result<(), String> {
        if let Ok(Some(error)) | Err(error) = error {
            return Err(format!("the last bytes may be lost: {error}"));
        }
        match self.bytes {
            Some(0) => {}
            Some(bytes) => unconfirmed(format!("the peer has not acknowledged the last {bytes} bytes")),
            None => unconfirmed("this system does not tell whether the peer has received the last bytes"),
        }
        Ok(())
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::{BufWriter, Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;
    use crate::release::owned::ReleaseSync as _;
    use crate::report::{Outcome, Report};
    use crate::{Deferred, Lifecycle};

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (stream, listener.accept().unwrap().0)
    }

    /// Stops a program that releases a `BufWriter` around this stream, with some bytes in it.
    async fn stopped(stream: TcpStream) -> Report {
        let mut writer = BufWriter::new(stream);
        writer.write_all(b"the last words").unwrap();
        let run = async { Deferred::new("writer").run(move || async move { writer.release_sync() }) };
        Lifecycle::builder().grace(Duration::from_secs(5)).run(run).await
    }

    #[tokio::test]
    async fn bytes_that_the_peer_has_are_confirmed() {
        let (stream, mut peer) = pair();
        let report = stopped(stream).await;
        assert_eq!(report.instances[0].outcome, Outcome::Ok, "{report}");
        let mut received = String::new();
        peer.read_to_string(&mut received).unwrap();
        assert_eq!(received, "the last words");
    }

    /// R22: the peer's kernel has no room, so that the bytes stay here.
    #[tokio::test]
    async fn bytes_that_the_peer_does_not_take_are_unconfirmed() {
        let (mut stream, _peer) = pair();
        stream.set_nonblocking(true).unwrap();
        // Fills the window of the peer, and leaves room in the buffer of this side.
        while unacknowledged_bytes(&stream) == Some(0) {
            let _ = stream.write(&[0; 4_096]);
            for _ in 0..100 {
                if unacknowledged_bytes(&stream) == Some(0) {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        let report = stopped(stream).await;
        let outcome = report.instances[0].outcome.to_string();
        assert!(outcome.contains("unconfirmed: the peer has not acknowledged the last "), "{report}");
    }

    #[tokio::test]
    async fn a_connection_that_the_peer_has_reset_is_a_failure() {
        let (stream, mut peer) = pair();
        (&stream).write_all(b"unread").unwrap();
        peer.read_exact(&mut [0; 1]).unwrap();
        drop(peer); // resets, because there are unread bytes
        let report = stopped(stream).await;
        assert!(matches!(report.instances[0].outcome, Outcome::Failed { .. }), "{report}");
    }
}
