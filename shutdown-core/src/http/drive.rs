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
        // There only if the age of a connection is limited, and in the drain, so that an idle connection stays small.
        watch: Option<Box<Watch>>,
    }
}

/// What ends a connection, next to its client.
enum Watch {
    /// The connection goes on until this time.
    Age(Pin<Box<Sleep>>),
    /// It was told to finish, or the drain has found it.
    Ending(Ending),
}

struct Ending {
    since: Since,
    timer: Option<Pin<Box<Sleep>>>,
    /// When a connection that was told to finish is cut off. The drain lifts this limit: it has one of its own.
    cut: Option<Pin<Box<Sleep>>>,
}

impl Watch {
    /// Watches a connection that goes on.
    fn new(connection: &Connection) -> Option<Box<Watch>> {
        let age = connection.site.settings.age.limit_of_one()?;
        Some(Box::new(match age.is_zero() {
            // A timer fires a millisecond later, and that is time for a response.
            true => Watch::finish(connection),
            false => Watch::Age(Box::pin(tokio::time::sleep(age))),
        }))
    }

    /// Begins the end of a connection that has reached its age.
    fn finish(connection: &Connection) -> Watch {
        connection.finish();
        let since = Since::drain(Instant::now());
        let grace = connection.site.settings.age.grace;
        Watch::Ending(Ending { since, timer: None, cut: grace.map(tokio::time::sleep).map(Box::pin) })
    }

    /// Begins the end of a connection that the drain has found. It may have been told to close before.
    fn drain(before: Option<&Watch>) -> Since {
        let closing = match before {
            Some(Watch::Ending(ending)) => ending.since.closing,
            Some(Watch::Age(_)) | None => None,
        };
        Since { closing, ..Since::drain(Instant::now()) }
    }
}

impl<C> Drive<C> {
    pub(super) fn new(io: C, connection: Arc<Connection>) -> Drive<C> {
        let notice = connection.site.notices.draining.wait();
        let watch = Watch::new(&connection);
        Drive { io, connection, notice, watch }
    }
}

impl<C: Graceful> Future for Drive<C> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        while Pin::new(&mut *this.notice).poll(cx).is_ready() {
            if this.connection.course() == Course::Drained {
                this.connection.cut_off();
                return Poll::Ready(());
            }
            // Before hyper reads on: what the kernel holds now was sent in time.
            this.connection.drain();
            let since = Watch::drain(this.watch.as_deref());
            let connection = &**this.connection;
            // Most connections that the drain finds are idle, and dropping one of them closes it as well.
            if connection.closes_by_drop() && connection.next(since) == Next::Close {
                return Poll::Ready(());
            }
            *this.watch = Some(Box::new(Watch::Ending(Ending { since, timer: None, cut: None })));
            *this.notice = this.connection.site.edge.work_cut().wait();
        }
        if let Some(watch) = this.watch.as_deref_mut()
            && let Watch::Age(age) = watch
            && age.as_mut().poll(cx).is_ready()
        {
            *watch = Watch::finish(this.connection);
        }
        loop {
            if this.io.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            let connection = &**this.connection;
            let Some(Watch::Ending(Ending { since, timer, cut })) = this.watch.as_deref_mut() else {
                return Poll::Pending;
            };
            if cut.as_mut().is_some_and(|cut| cut.as_mut().poll(cx).is_ready()) {
                connection.cut_off();
                return Poll::Ready(());
            }
            if since.closing.is_none() && connection.is_http2() {
                since.closing = Some(Instant::now());
                this.io.as_mut().close();
                continue;
            }
            match connection.next(*since) {
                Next::Work => {
                    *timer = None;
                    if connection.course() == Course::Drained {
                        this.connection.name();
                    }
                    return Poll::Pending;
                }
                Next::Until(at) => {
                    let timer = timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
                    if timer.deadline() != at {
                        timer.as_mut().reset(at);
                    }
                    ready!(timer.as_mut().poll(cx));
                }
                Next::ReadOn => since.overtaken = Some(Instant::now()),
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
