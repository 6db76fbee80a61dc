//! The socket's wrapper, outside of TLS: counts what is read, and holds the connection's pass, since an upgraded
//! connection leaves hyper's hands, but not this.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::connection::Connection;
use crate::sync::gate::Pass;
use crate::sync::notice::Waiting;

/// After our last byte the client has this long to close: a reset would overtake what it has not read yet (RFC 9112,
/// section 9.6).
const FAREWELL: Duration = Duration::from_millis(100);
/// What it may still send meanwhile, and nobody reads.
const IGNORED: usize = 1 << 20;

pub(super) struct Stream<I> {
    io: I,
    connection: Arc<Connection>,
    /// Of an upgraded connection: nobody else ends it.
    cut_off: Option<Box<Waiting>>,
    farewell: Option<Box<Farewell>>,
    /// Behind the socket, so that it goes back when that is gone.
    _pass: Pass,
}

struct Farewell {
    timer: Pin<Box<Sleep>>,
    ignored: usize,
}

impl<I> Stream<I> {
    pub(super) fn new(io: I, connection: Arc<Connection>, pass: Pass) -> Stream<I> {
        Stream { io, connection, cut_off: None, farewell: None, _pass: pass }
    }

    /// An upgraded connection ends with the drain's time.
    #[inline]
    fn check(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if self.connection.is_upgraded() { self.check_upgraded(cx) } else { Ok(()) }
    }

    #[cold]
    fn check_upgraded(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let lifecycle = self.connection.site.lifecycle();
        let cut_off = self.cut_off.get_or_insert_with(|| Box::new(lifecycle.notices().work_cut.wait()));
        match Pin::new(&mut **cut_off).poll(cx) {
            Poll::Ready(()) => {
                Err(io::Error::new(io::ErrorKind::ConnectionAborted, "cut off at the end of the drain"))
            }
            Poll::Pending => Ok(()),
        }
    }

    fn note_write<T>(&self, written: Poll<T>) -> Poll<T> {
        self.connection.note_write(written.is_pending());
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
        self.check(cx)?;
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, buf))?;
        self.connection.note_read(&buf.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.check(cx)?;
        let written = Pin::new(&mut self.io).poll_write(cx, buf);
        self.note_write(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check(cx)?;
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, bufs);
        self.note_write(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A layer that encrypts writes to the socket only here.
        let flushed = Pin::new(&mut self.io).poll_flush(cx);
        match &flushed {
            Poll::Pending => self.connection.note_write(true),
            // Flushed is below us; above us there may still be something.
            Poll::Ready(_) => {}
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.farewell.is_none() {
            ready!(Pin::new(&mut this.io).poll_shutdown(cx))?;
            if !this.connection.says_farewell() {
                return Poll::Ready(Ok(()));
            }
        }
        let farewell = this.farewell.get_or_insert_with(|| {
            Box::new(Farewell { timer: Box::pin(tokio::time::sleep(FAREWELL)), ignored: 0 })
        });
        let mut space = [0; 4096];
        while farewell.ignored < IGNORED {
            let mut buf = ReadBuf::new(&mut space);
            match Pin::new(&mut this.io).poll_read(cx, &mut buf) {
                Poll::Ready(Ok(())) if !buf.filled().is_empty() => farewell.ignored += buf.filled().len(),
                // The client has closed, or is gone.
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => return farewell.timer.as_mut().poll(cx).map(Ok),
            }
        }
        Poll::Ready(Ok(()))
    }
}
