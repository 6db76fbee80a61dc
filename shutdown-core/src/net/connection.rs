//! A connection of `net::serve`: the handler says when it is idle, and the drain ends it then.
//!
//! The end is part of `read`, so that a handler has one place where it learns that there is nothing more to read, and no
//! read is ever cancelled half way.

use std::error::Error;
use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::accept::Entry;
use super::linger::{self, Ending};
use super::quiet::Next;
use super::state::State;
use super::stream::Stream;
use super::unread::socket;
use crate::edge::in_flight::Note;
use crate::sync::notice::Waiting;

const PARTIAL_REQUEST: Note = Note {
    once: "a connection was closed with half a request",
    often: "connections were closed with half a request",
};

/// A connection that [`serve`](super::serve()) passes to its handler. Reads and writes as the stream inside does.
///
/// `I` is the stream of the listener: [`Stream`] for [`listen`](super::listen()), and `TcpStream` for a tokio `TcpListener`.
///
/// # The end of an idle connection
///
/// A handler that calls [`mark_idle`](Connection::mark_idle) between two requests needs no other code for the stop. When
/// the drain begins, a read returns the end of the stream (0 bytes) after the client is quiet, and the handler returns as
/// if the client had closed. "Quiet" means that the kernel holds no unread byte, and:
///
/// | the connection | ends |
/// |---|---|
/// | is idle, and the last byte was read or written 100 ms ago | when the drain begins |
/// | is idle, and a byte was read or written since | 100 ms after the last byte |
/// | has not received its first byte | 100 ms after the drain began |
/// | is idle, and its client is never quiet | at the first idle read 1 s after the drain began |
/// | has received a part of a request | 1 s after its last byte, with an error |
/// | is busy | never: see [`mark_busy`](Connection::mark_busy) |
///
/// A handler that never calls `mark_idle` is busy all the time. Every read after the end returns the end again.
///
/// ```
/// use lifecycle::net::Connection;
/// use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
///
/// async fn echo(connection: Connection) -> std::io::Result<()> {
///     let mut lines = BufReader::new(connection);
///     let mut line = String::new();
///     loop {
///         lines.get_ref().mark_idle(lines.buffer());
///         line.clear();
///         if lines.read_line(&mut line).await? == 0 {
///             return Ok(()); // the client has closed, or the service is stopping
///         }
///         lines.write_all(line.as_bytes()).await?;
///     }
/// }
/// ```
///
/// # The last answer
///
/// Dropping the connection closes it without losing an answer. Our side ends (FIN), and the socket stays open until the
/// client has closed too. Bytes of the client are ignored meanwhile. The drain waits for that, at most until its own end:
///
/// - up to 100 ms after the client's kernel has confirmed every byte,
/// - before that, up to 1 s after the client's last progress,
/// - up to 1 s in all, if the kernel cannot be asked (only Linux can).
///
/// A client that has everything, and was quiet for 100 ms, is not waited for. If a handler returns in the drain right after
/// it has written the last answer, the end is part of the same packet (on Linux, over TCP). A client that looks whether the
/// server has closed before it sends a request then never sends one in vain. A request that arrives after our end was not
/// read, so that the client can repeat it elsewhere.
///
/// Another client sends its next request in vain. If the handler writes a last word when [`may_end`](Connection::may_end)
/// returns true, such as `-ERR stopping`, this client receives the word as the answer to that request. Write the word only
/// if the protocol has one answer for each request.
///
/// # TLS and other wrappers
///
/// Wrap the connection (`acceptor.accept(connection)`), and keep a [`Marker`] if the wrapper hides it. The wrapper reports
/// the end as its own error (rustls: `UnexpectedEof`). Call the wrapper's `shutdown` at the end.
///
/// # Examples
///
/// A handler that also sends by itself has to choose its end, here at the notice:
///
/// ```
/// # use lifecycle::net::Connection;
/// # use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
/// # use tokio::sync::broadcast::Receiver;
/// async fn news(mut connection: Connection, mut news: Receiver<String>) -> std::io::Result<()> {
///     let mut ignored = [0; 64];
///     loop {
///         tokio::select! {
///             Ok(line) = news.recv() => connection.write_all(line.as_bytes()).await?,
///             length = connection.read(&mut ignored) => if length? == 0 { return Ok(()) },
///             () = lifecycle::stopping() => return connection.write_all(b"goodbye\n").await,
///             else => return Ok(()),
///         }
///     }
/// }
/// ```
pub struct Connection<I = Stream> {
    /// There until it is closed or taken.
    io: Option<I>,
    state: Arc<State>,
    entry: Arc<Entry>,
    drain: Waiting,
    /// There only in the drain.
    timer: Option<Pin<Box<Sleep>>>,
    ended: Ended,
    /// A function, so that the type has no bounds.
    close: fn(I, Ending),
}

/// Why a read returns no more bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    No,
    ByClient,
    ByError,
    ByDrain,
    ByDrainWithPartialRequest,
}

/// Marks a connection as idle or busy from elsewhere: behind a wrapper, or next to the halves of a split stream. Clones mark
/// the same connection.
#[derive(Clone)]
pub struct Marker {
    state: Arc<State>,
}

/// The error of a read if the drain has ended a connection with half a request.
#[derive(Debug)]
struct PartialRequest;

impl<I> Connection<I>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    pub(super) fn new(io: I, state: Arc<State>, entry: Arc<Entry>) -> Connection<I> {
        state.open(socket(&io));
        let drain = state.site().edge.draining().wait();
        Connection { io: Some(io), state, entry, drain, timer: None, ended: Ended::No, close: linger::close }
    }
}

impl<I> Connection<I> {
    /// Marks the connection as idle: every request that was read is answered and flushed. Call it before each read of a new
    /// request. The drain may then end the connection, until the next byte is read. One call for each request is enough: the
    /// first byte that is read after it belongs to a request.
    ///
    /// `buffered` is what the handler has read and not dealt with: `lines.buffer()` of a `BufReader`,
    /// `framed.read_buffer()` of a `Framed`, or `&[]`. If it is not empty, a part of the next request has arrived, and the
    /// connection is not idle.
    #[doc(alias = "quiet")]
    pub fn mark_idle(&self, buffered: &[u8]) {
        self.state.mark_idle(buffered);
    }

    /// Marks the connection as busy: no read ends until the next [`mark_idle`](Connection::mark_idle). Call it if you read
    /// while a request is in progress: for several requests at once, for a proxy, for a subscriber, or to notice that the
    /// client has gone. Without the call, the drain takes the bytes of the request for a part of one, and ends the read 1 s
    /// later with an error.
    pub fn mark_busy(&self) {
        self.state.mark_busy();
    }

    /// Returns true if the drain has begun and no request is under way, so that the handler can return at once.
    ///
    /// No request is under way if the connection is idle, the kernel holds no unread byte, and either:
    ///
    /// - a read would return the end of the stream (see the table above), or
    /// - the client has not received the last answer yet, because the kernel holds it back in the drain (on Linux, over
    ///   TCP). The answer and the end then arrive together.
    ///
    /// Call it after the last write and `mark_idle`, before the next `await`. A handler that does so ends a client that is
    /// never quiet after its next answer, and not after 1 s. Do not call it for clients that send requests without waiting
    /// for the answers to earlier ones: their next request may be on its way.
    #[doc(alias = "is_quiet")]
    pub fn may_end(&self) -> bool {
        self.state.may_end()
    }

    /// Returns a handle that marks this connection from elsewhere.
    pub fn marker(&self) -> Marker {
        Marker { state: Arc::clone(&self.state) }
    }

    /// Returns the stream inside, for its address and its options. Read and write through the connection.
    pub fn get_ref(&self) -> &I {
        self.io.as_ref().expect("it is there until the connection is dropped or taken apart")
    }

    /// Returns the stream inside. The drain does not end its reads, and its drop is a plain close.
    pub fn into_inner(mut self) -> I {
        self.state.close();
        self.io.take().expect("it is there until the connection is dropped or taken apart")
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        ready!(Pin::new(&mut self.drain).poll(cx));
        match self.state.next(cx) {
            Next::Wait => Poll::Pending,
            Next::Until(at) => {
                let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
                if timer.deadline() != at {
                    timer.as_mut().reset(at);
                }
                // The caller asks the runtime for bytes once more.
                timer.as_mut().poll(cx).map(|()| Ended::No)
            }
            Next::End => Poll::Ready(Ended::ByDrain),
            Next::EndPartialRequest => {
                self.state.site().in_flight.note(PARTIAL_REQUEST, None);
                Poll::Ready(Ended::ByDrainWithPartialRequest)
            }
        }
    }
}

impl Marker {
    /// Marks the connection as idle: see [`Connection::mark_idle`].
    pub fn mark_idle(&self, buffered: &[u8]) {
        self.state.mark_idle(buffered);
    }

    /// Marks the connection as busy: see [`Connection::mark_busy`].
    pub fn mark_busy(&self) {
        self.state.mark_busy();
    }

    /// Returns true if the handler can return at once: see [`Connection::may_end`].
    pub fn may_end(&self) -> bool {
        self.state.may_end()
    }
}

impl<I> Drop for Connection<I> {
    fn drop(&mut self) {
        let Some(io) = self.io.take() else { return };
        let last_write = self.state.close();
        if self.ended == Ended::ByError || self.state.site().edge.work_cut().is_fired() {
            return;
        }
        let (state, entry) = (Arc::clone(&self.state), Arc::clone(&self.entry));
        let client_closed = self.ended == Ended::ByClient;
        (self.close)(io, Ending { client_closed, last_write, state, entry });
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Connection<I> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            match this.ended {
                Ended::ByDrain => return Poll::Ready(Ok(())),
                Ended::ByDrainWithPartialRequest => {
                    return Poll::Ready(Err(io::Error::new(
                        io::ErrorKind::ConnectionAborted,
                        PartialRequest,
                    )));
                }
                Ended::No | Ended::ByClient | Ended::ByError => {}
            }
            let Some(io) = &mut this.io else { return Poll::Ready(Ok(())) };
            let before = buf.filled().len();
            match Pin::new(io).poll_read(cx, buf) {
                Poll::Ready(Ok(())) => {
                    if buf.filled().len() > before {
                        this.state.note_read();
                    } else if buf.remaining() > 0 {
                        this.ended = Ended::ByClient;
                    }
                    return Poll::Ready(Ok(()));
                }
                Poll::Ready(Err(error)) => {
                    this.ended = Ended::ByError;
                    return Poll::Ready(Err(error));
                }
                Poll::Pending => {}
            }
            this.state.note_waiting();
            this.ended = ready!(this.poll_end(cx));
        }
    }
}

impl<I: AsyncWrite + Unpin> Connection<I> {
    fn write<T>(&mut self, write: impl FnOnce(Pin<&mut I>) -> Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        let Some(io) = &mut self.io else { return Poll::Ready(Err(io::ErrorKind::NotConnected.into())) };
        if self.state.site().edge.draining().is_fired() {
            self.state.hold_back();
        }
        let written = ready!(write(Pin::new(io)));
        match written {
            Ok(_) => self.state.note_write(),
            Err(_) => self.ended = Ended::ByError,
        }
        Poll::Ready(written)
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Connection<I> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.get_mut().write(|io| io.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().write(|io| io.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.as_ref().is_some_and(AsyncWrite::is_write_vectored)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().io {
            Some(io) => Pin::new(io).poll_flush(cx),
            None => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().io {
            Some(io) => Pin::new(io).poll_shutdown(cx),
            None => Poll::Ready(Ok(())),
        }
    }
}

impl<I: fmt::Debug> fmt::Debug for Connection<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("io", &self.io).field("state", &self.state).finish_non_exhaustive()
    }
}

impl fmt::Debug for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Marker").field("state", &self.state).finish()
    }
}

impl fmt::Display for PartialRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the service is stopping, and the client has not sent the rest of its request")
    }
}

impl Error for PartialRequest {}
