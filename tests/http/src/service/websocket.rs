//! `WebSocket`s: what comes is sent back.

use axum::Extension;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use lifecycle::http::ConnectionInfo;

/// Says goodbye when it hears the stop.
pub(super) async fn polite(
    upgrade: WebSocketUpgrade,
    Extension(info): Extension<ConnectionInfo>,
) -> Response {
    upgrade.on_upgrade(async move |mut socket| {
        tokio::select! {
            () = echo(&mut socket) => {}
            () = info.stopping() => {
                let goodbye = CloseFrame { code: close_code::AWAY, reason: "stopping".into() };
                let _ = socket.send(Message::Close(Some(goodbye))).await;
                // Until the client has heard it.
                echo(&mut socket).await;
            }
        }
    })
}

/// Hears nothing but its client.
pub(super) async fn deaf(upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(async move |mut socket| echo(&mut socket).await)
}

async fn echo(socket: &mut WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if matches!(message, Message::Text(_)) && socket.send(message).await.is_err() {
            return;
        }
    }
}
