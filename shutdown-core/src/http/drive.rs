//! What the task of a connection polls: hyper's connection, until the drain closes it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};

use super::closing::{Next, Since};
use super::connection::Connection;
use super::protocol::Graceful;
use super::state::Course;
use crate::edge::in_flight::Note;
use crate::sync::notice::Waiting;

const PARTIAL_HEAD: Note = Note {
    once: "a connection was closed with half a request head",
    often: "connections were closed with half a request head",
};

pin_project! {
    /// A future that ends with the connection: by itself, or because the drain closes it.
    pub(super) struct Drive<C> {
        #[pin]
        io: C,
        connection: Arc<Connection>,
        // The begin of the drain, then the end of its time.
        notice: Waiting,
        // There only in the drain, or once the connection was told to finish, so that an idle connection stays small.
        ending: Option<Box<Ending>>,
    }
}

struct Ending {
    since: Since,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Ending {
    fn new(since: Since) -> Ending {
        Ending { since, timer: None }
    }
}

/// Tells a connection to finish, while the server goes on. `ending` is the one of its driver, which has to be polled
/// after this.
#[expect(dead_code, reason = "the time-outs of a connection call it")]
fn finish(connection: &Connection, ending: &mut Option<Box<Ending>>) {
    connection.finish();
    ending.get_or_insert_with(|| Box::new(Ending::new(Since { drain: Instant::now(), closing: None })));
}

impl<C> Drive<C> {
    pub(super) fn new(io: C, connection: Arc<Connection>) -> Drive<C> {
        let notice = connection.site.edge.draining().wait();
        Drive { io, connection, notice, ending: None }
    }
}

impl<C: Graceful> Future for Drive<C> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        while Pin::new(&mut *this.notice).poll(cx).is_ready() {
            if this.connection.course() == Course::Drained {
                return Poll::Ready(());
            }
            // Before hyper reads on: what the kernel holds now was sent in time.
            this.connection.drain();
            let since = Since { drain: Instant::now(), closing: None };
            let connection = &**this.connection;
            // Most connections that the drain finds are idle, and dropping one of them closes it as well.
            if connection.closes_by_drop() && connection.next(since) == Next::Close {
                return Poll::Ready(());
            }
            match this.ending {
                // It was told to finish before.
                Some(ending) => ending.since.drain = since.drain,
                None => *this.ending = Some(Box::new(Ending::new(since))),
            }
            *this.notice = this.connection.site.edge.work_cut().wait();
        }
        loop {
            if this.io.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            let connection = &**this.connection;
            let Some(Ending { since, timer }) = this.ending.as_deref_mut() else { return Poll::Pending };
            if since.closing.is_none() && connection.is_http2() {
                since.closing = Some(Instant::now());
                this.io.as_mut().close();
                continue;
            }
            match connection.next(*since) {
                Next::Work => {
                    *timer = None;
                    this.connection.name();
                    return Poll::Pending;
                }
                Next::Until(at) => {
                    let timer = timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
                    if timer.deadline() != at {
                        timer.as_mut().reset(at);
                    }
                    ready!(timer.as_mut().poll(cx));
                }
                Next::Close => {
                    since.closing = Some(Instant::now());
                    this.io.as_mut().close();
                }
                // Only the drain gives up half a request head. At any other time the time-outs of hyper do.
                Next::DropPartialHead if connection.course() == Course::Finishes => return Poll::Pending,
                Next::DropPartialHead => {
                    connection.site.in_flight.note(PARTIAL_HEAD, None);
                    return Poll::Ready(());
                }
                Next::Drop => return Poll::Ready(()),
            }
        }
    }
}
