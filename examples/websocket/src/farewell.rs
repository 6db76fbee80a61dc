//! The closing handshake of a WebSocket (RFC 6455, section 7): each side sends a close frame, then the server closes
//! the connection.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};

/// The longest time that the stop waits for the close frame of a guest.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Sends a close frame with a reason and waits for the answer. The drain waits for this, because a connection is in
/// flight until its socket is closed.
pub(crate) async fn close(mut guest: WebSocket) {
    let reason =
        CloseFrame { code: close_code::AWAY, reason: "the server is stopping: come back soon".into() };
    let goodbye = async {
        if guest.send(Message::Close(Some(reason))).await.is_ok() {
            // Read until the guest closes too. A socket with unread bytes is reset when it is dropped, and the guest
            // may then lose the close frame.
            while let Some(Ok(_)) = guest.recv().await {}
        }
    };
    // A guest who does not answer in time is disconnected.
    let _ = tokio::time::timeout(TIMEOUT, goodbye).await;
}
