//! The room, and what a guest does there: says lines, and hears everybody's.

use axum::extract::State;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::farewell;

/// Where lines are said. Who is this many behind misses some.
const BACKLOG: usize = 64;

#[derive(Clone)]
pub(crate) struct Room(broadcast::Sender<Utf8Bytes>);

impl Room {
    pub(crate) fn open() -> Room {
        Room(broadcast::Sender::new(BACKLOG))
    }
}

pub(crate) async fn enter(State(room): State<Room>, upgrade: WebSocketUpgrade) -> Response {
    // Begun here, in the handler, where it is certain which lifecycle is meant; the guest's task is axum's own.
    let closing = lifecycle::draining();
    upgrade.on_upgrade(async move |mut guest| {
        // The whole conversation is dropped at the stop, wherever it waits: also in a line to a guest who does not
        // read. Nothing is torn by that, since saying a line takes no await. Work that has to be finished, an insert
        // into a database for one, goes into a task of its own: `lifecycle::spawn(..).await`.
        tokio::select! {
            // The stop first: in a lively room there is always another line.
            biased;
            // Not `stopping()`: during a lame duck the doors are still open, and a guest who is sent home would come
            // straight back in. When the drain begins they are closed, and he comes back somewhere else.
            () = closing => farewell::say(guest).await,
            () = talk(&mut guest, room) => {}
        }
    })
}

/// Until the guest leaves.
async fn talk(guest: &mut WebSocket, room: Room) {
    let mut said = room.0.subscribe();
    loop {
        tokio::select! {
            line = said.recv() => match line {
                Ok(line) => if guest.send(Message::Text(line)).await.is_err() { return },
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            },
            message = guest.recv() => match message {
                // It fails if nobody listens, but this guest does.
                Some(Ok(Message::Text(line))) => drop(room.0.send(line)),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                // Pings are answered below.
                Some(Ok(_)) => {}
            },
        }
    }
}
