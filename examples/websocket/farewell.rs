//! The end of a WebSocket, as RFC 6455 has it: each side sends a close frame, then the server closes the connection.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};

/// How long a guest may take to answer. One who has gone to sleep does not hold up the stop longer than this.
const PATIENCE: Duration = Duration::from_secs(1);

/// Tells the guest why the connection ends. The stop waits for this, since the connection is in flight until its socket
/// is gone.
pub(crate) async fn say(mut guest: WebSocket) {
    let reason =
        CloseFrame { code: close_code::AWAY, reason: "the server is stopping: come back soon".into() };
    let goodbye = async {
        if guest.send(Message::Close(Some(reason))).await.is_ok() {
            // Read on until the guest has closed too: a socket that is dropped with unread bytes is reset, and a reset
            // may overtake the close frame.
            while let Some(Ok(_)) = guest.recv().await {}
        }
    };
    // Whether he has heard it, nobody knows; more cannot be done.
    let _ = tokio::time::timeout(PATIENCE, goodbye).await;
}
