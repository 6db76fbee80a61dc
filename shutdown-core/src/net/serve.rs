//! A server for protocols that are not HTTP.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::accept::Door;
use super::listener::{Listener, Peer};
use super::serving::{Doing, Roster, Serving, Visit};
use super::watched::Watched;
use crate::engine::context::{self, Scoped};
use crate::engine::lifecycle::Lifecycle;
use crate::sequence::Event;
use crate::sync::catch::catch;
use crate::sync::gate::Pass;
use crate::sync::notice::Waiting;

/// Runs `handler` for each connection of `listener`, in a task of its own, until the drain begins; then for those that
/// stand in its queue, and returns when the last handler has.
///
/// A connection is in flight while its handler runs. The handler should hear [`stopping`](crate::stopping) and come to
/// an end: at the end of the drain it is dropped where it stands, and named in the report. Implies
/// [`ready`](crate::ready). A handler that panics ends its own connection and no other; during the stop the exit status
/// is then 70.
///
/// # Errors
///
/// If the listener cannot accept, and never will. What concerns one connection is passed over, and where descriptors or
/// memory run out it tries again after a pause of 5 ms to 1 s, and the report says so.
///
/// # Panics
///
/// Outside of a lifecycle.
///
/// # Cancel safety
///
/// Dropped, it closes the listener without emptying its queue; the connections go on, and the drain waits for them.
pub async fn serve<L, H, F>(listener: L, handler: H) -> io::Result<()>
where
    L: Listener,
    H: Fn(L::Io, Peer) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    let lifecycle = context::expect("net::serve", Lifecycle::clone);
    let Some(serving) = Serving::begin(&lifecycle, "server", &listener) else { return Ok(()) };
    let door = Door { listener, lifecycle: &lifecycle, roster: &serving.roster };
    let kept = door
        .keep(|io, peer| {
            let Some(pass) = serving.pass() else { return };
            // It may panic before it has a future, and that is nothing to the others.
            let handling = catch(|| handler(io, peer.clone()));
            let Ok(handling) = handling else {
                lifecycle.on(Event::TaskPanicked);
                return;
            };
            let connection = Connection {
                handling,
                drain: Some(lifecycle.notices().draining.wait()),
                cut_off: lifecycle.notices().work_cut.wait(),
                visit: None,
                peer,
                roster: Arc::clone(&serving.roster),
                _pass: pass,
            };
            tokio::spawn(Scoped::new(lifecycle.clone(), Watched::new(connection)));
        })
        .await;
    serving.finish().await;
    kept
}

pin_project! {
    /// A handler at work, until it ends or is cut off.
    struct Connection<F> {
        #[pin]
        handling: F,
        drain: Option<Waiting>,
        cut_off: Waiting,
        visit: Option<Visit>,
        peer: Peer,
        roster: Arc<Roster>,
        // Behind all others, so that it goes back when they are gone.
        _pass: Pass,
    }
}

struct Handled;

impl Doing for Handled {
    fn doing(&self) -> String {
        "a connection is handled".to_owned()
    }
}

impl<F: Future> Future for Connection<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        if this.handling.poll(cx).is_ready() {
            return Poll::Ready(());
        }
        if this.drain.as_mut().is_some_and(|drain| Pin::new(drain).poll(cx).is_ready()) {
            *this.drain = None;
            *this.visit = Some(this.roster.enter(this.peer.clone(), Arc::new(Handled)));
        }
        // Before the drain nothing is cut off.
        if this.drain.is_none() { Pin::new(this.cut_off).poll(cx) } else { Poll::Pending }
    }
}
