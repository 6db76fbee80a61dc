//! `WebSocket` handlers that echo their input.

use axum::Extension;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use lifecycle::http::ConnectionInfo;

/// Sends a close message when the stop begins.
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
                // The client sends its own close message, which ends the echo.
                echo(&mut socket).await;
            }
        }
    })
}

/// Ignores the stop.
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
