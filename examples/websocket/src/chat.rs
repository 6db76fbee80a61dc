//! The chat room: each guest sends lines and receives the lines of all guests.

use axum::extract::State;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::farewell;

/// The number of lines that the room keeps. A guest who is slower misses lines.
const BACKLOG: usize = 64;

#[derive(Clone)]
pub(crate) struct Room(broadcast::Sender<Utf8Bytes>);

impl Room {
    pub(crate) fn open() -> Room {
        Room(broadcast::Sender::new(BACKLOG))
    }
}

pub(crate) async fn enter(State(room): State<Room>, upgrade: WebSocketUpgrade) -> Response {
    // Created in the handler, which runs inside the lifecycle. The task of the upgrade belongs to axum.
    let closing = lifecycle::draining();
    upgrade.on_upgrade(async move |mut guest| {
        // The stop drops `talk` at any await, also while it sends to a guest who does not read. Here this is safe.
        // Work that has to finish, for example an insert into a database, needs a task: `lifecycle::spawn(..).await`.
        tokio::select! {
            // The stop has to come first, because a busy room always has another line.
            biased;
            // `stopping()` would be too early: during the lame duck a guest would reconnect to this same service.
            // When the drain begins, the listener closes, and the guest reconnects to another one.
            () = closing => farewell::close(guest).await,
            () = talk(&mut guest, room) => {}
        }
    })
}

/// Sends and receives lines until the guest leaves.
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
                // `send` fails only without a receiver, and this guest is one.
                Some(Ok(Message::Text(line))) => drop(room.0.send(line)),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                // axum answers pings.
                Some(Ok(_)) => {}
            },
        }
    }
}
