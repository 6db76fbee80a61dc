//! What hyper finds in the bytes of a connection: one byte is sent at a time, and hyper calls the service as soon as a
//! head is complete.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};

use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;

/// What hyper has found.
#[derive(Debug, Default)]
pub(super) struct View {
    pub(super) requests: Vec<Seen>,
    /// How many bytes hyper had read when it closed the connection.
    pub(super) closed: Option<usize>,
}

/// A request that hyper has accepted, by the number of bytes before a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) head_end: usize,
    /// `None` if hyper has not found the end of the body.
    pub(super) end: Option<usize>,
}

impl View {
    /// Serves `bytes` with hyper.
    pub(super) fn of(bytes: &[u8]) -> View {
        let read = Rc::new(Cell::new(0));
        let waiting = Rc::new(RefCell::new(VecDeque::new()));
        let requests = Rc::new(RefCell::new(Vec::new()));
        let io = OneByteAtATime { waiting: Rc::clone(&waiting), read: Rc::clone(&read) };
        let service = service_fn(|request: Request<Incoming>| {
            let (read, requests) = (Rc::clone(&read), Rc::clone(&requests));
            let at = requests.borrow().len();
            requests.borrow_mut().push(Seen { head_end: read.get(), end: None });
            // A response to CONNECT that is not a refusal begins a tunnel.
            let status = match *request.method() {
                http::Method::CONNECT => StatusCode::FORBIDDEN,
                _ => StatusCode::OK,
            };
            async move {
                if request.into_body().collect().await.is_ok() {
                    requests.borrow_mut()[at].end = Some(read.get());
                }
                Ok::<_, Infallible>(
                    Response::builder().status(status).body(Empty::<Bytes>::new()).expect("valid"),
                )
            }
        });
        let mut served = pin!(http1::Builder::new().half_close(true).serve_connection(io, service));
        let mut closed = None;
        // The first turn comes before the first byte.
        for byte in std::iter::once(None).chain(bytes.iter().map(Some)) {
            waiting.borrow_mut().extend(byte);
            if poll_until_idle(served.as_mut()) {
                closed = Some(read.get());
                break;
            }
            assert!(waiting.borrow().is_empty(), "hyper has not read a byte: {:?}", requests.borrow());
        }
        View { requests: requests.take(), closed }
    }
}

/// Polls until the future waits for a byte. Returns whether it has ended.
fn poll_until_idle(mut future: Pin<&mut impl Future>) -> bool {
    struct Woken(mpsc::Sender<()>);
    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            // The receiver lives as long as the polling.
            let _ = self.0.send(());
        }
    }
    let (sender, woken) = mpsc::channel();
    let waker = Waker::from(Arc::new(Woken(sender)));
    loop {
        if future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
            return true;
        }
        if woken.try_iter().count() == 0 {
            return false;
        }
    }
}

/// A socket whose client sends one byte at a time, and takes everything.
struct OneByteAtATime {
    waiting: Rc<RefCell<VecDeque<u8>>>,
    read: Rc<Cell<usize>>,
}

impl Read for OneByteAtATime {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let Some(byte) = self.waiting.borrow_mut().pop_front() else { return Poll::Pending };
        buf.put_slice(&[byte]);
        self.read.set(self.read.get() + 1);
        Poll::Ready(Ok(()))
    }
}

impl Write for OneByteAtATime {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
