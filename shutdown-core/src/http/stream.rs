//! The wrapper of a socket, around TLS: it counts what is read, and holds the pass and the place of the connection. An upgraded
//! connection leaves hyper, and keeps this wrapper.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::connection::Connection;
use super::state::Phase;
use crate::net::Entry;
use crate::sync::notice::Waiting;

/// How long the client has to close after our last byte. A reset would overtake what it has not read yet (RFC 9112,
/// section 9.6).
const LINGER_TIMEOUT: Duration = Duration::from_millis(100);
/// How many bytes of the client are read and ignored meanwhile.
const MOST_IGNORED_BYTES: usize = 1 << 20;

pub(super) struct Stream<I> {
    io: I,
    connection: Arc<Connection>,
    /// For an upgraded connection, which nothing else ends.
    work_cut: Option<Box<Waiting>>,
    linger: Option<Box<Linger>>,
    /// The last field, so that it is returned after the socket is closed.
    _entry: Entry,
}

/// Reading on after the last byte was written.
struct Linger {
    timer: Pin<Box<Sleep>>,
    ignored: usize,
}

impl<I> Stream<I> {
    pub(super) fn new(io: I, connection: Arc<Connection>, entry: Entry) -> Stream<I> {
        Stream { io, connection, work_cut: None, linger: None, _entry: entry }
    }

    /// Ends an upgraded connection when the time of the drain is up.
    #[cold]
    fn check_upgraded(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let edge = &self.connection.site.edge;
        let work_cut = self.work_cut.get_or_insert_with(|| Box::new(edge.work_cut().wait()));
        match Pin::new(&mut **work_cut).poll(cx) {
            Poll::Ready(()) => Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the drain has ended")),
            Poll::Pending => Ok(()),
        }
    }

    fn note_write<T>(&mut self, written: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if self.connection.note_write(written.is_pending()) == Phase::Upgraded {
            self.check_upgraded(cx)?;
        }
        written
    }
}

impl<I> Drop for Stream<I> {
    fn drop(&mut self) {
        self.connection.leave();
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Stream<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.io).poll_read(cx, buf)?;
        // One lock for both: an upgraded connection has to look at the drain, whether it has read or not.
        if self.connection.note_read(&buf.filled()[before..])? == Phase::Upgraded {
            self.check_upgraded(cx)?;
        }
        read.map(Ok)
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, buf);
        self.note_write(written, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, bufs);
        self.note_write(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // TLS writes to the socket only here.
        let flushed = Pin::new(&mut self.io).poll_flush(cx);
        match &flushed {
            Poll::Pending => drop(self.connection.note_write(true)),
            // Bytes that hyper holds may still be stuck.
            Poll::Ready(_) => {}
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.linger.is_none() {
            ready!(Pin::new(&mut this.io).poll_shutdown(cx))?;
            if !this.connection.lingers() {
                return Poll::Ready(Ok(()));
            }
        }
        let linger = this.linger.get_or_insert_with(|| {
            Box::new(Linger { timer: Box::pin(tokio::time::sleep(LINGER_TIMEOUT)), ignored: 0 })
        });
        let mut space = [0; 4096];
        while linger.ignored < MOST_IGNORED_BYTES {
            let mut buf = ReadBuf::new(&mut space);
            match Pin::new(&mut this.io).poll_read(cx, &mut buf) {
                Poll::Ready(Ok(())) if !buf.filled().is_empty() => linger.ignored += buf.filled().len(),
                // The client has closed, or is gone.
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => return linger.timer.as_mut().poll(cx).map(Ok),
            }
        }
        Poll::Ready(Ok(()))
    }
}
