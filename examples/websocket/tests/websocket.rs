//! The chat, and the end of its connections.

use futures_util::{SinkExt as _, StreamExt as _};
use harness::{Connection, Method, Service, StatusCode, soon};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

const CHAT: &str = env!("CARGO_BIN_EXE_websocket");

type Guest = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn enter(chat: &Service) -> Guest {
    soon("a WebSocket", connect_async(&chat.address)).await.expect("the chat listens").0
}

/// Opens connections, and waits until each guest receives its own line.
async fn enter_all(chat: &Service, guests: usize) -> Vec<Guest> {
    let mut room = Vec::new();
    for _ in 0..guests {
        let mut guest = enter(chat).await;
        guest.send(Message::text("hello")).await.expect("the connection is open");
        hear(&mut guest, "hello").await;
        room.push(guest);
    }
    room
}

/// Waits until the guest receives this line.
async fn hear(guest: &mut Guest, line: &str) {
    loop {
        match next(guest).await {
            Some(Ok(Message::Text(said))) if said == line => return,
            Some(Ok(Message::Text(_))) => {}
            other => panic!("{other:?} instead of `{line}`"),
        }
    }
}

async fn next(guest: &mut Guest) -> Option<Result<Message, Error>> {
    soon("a message", guest.next()).await
}

/// Waits for the close frame, and checks that the connection then ends without a reset.
async fn farewell(guest: &mut Guest) -> CloseFrame {
    let frame = loop {
        match next(guest).await.expect("a close frame comes before the end") {
            Ok(Message::Close(frame)) => break frame.expect("the close frame has a code and a reason"),
            Ok(_) => {}
            Err(error) => panic!("{error} instead of a close frame"),
        }
    };
    assert!(
        matches!(next(guest).await, None | Some(Err(Error::ConnectionClosed))),
        "the connection was reset"
    );
    frame
}

#[tokio::test]
async fn every_guest_receives_1001_and_a_reason() {
    let mut chat = Service::start(CHAT, &[], &[]).await;
    let mut guests = enter_all(&chat, 20).await;
    // These lines are on their way in both directions when the signal arrives.
    for guest in &mut guests {
        guest.send(Message::text("the last round")).await.expect("the connection is open");
    }
    chat.terminate();
    for guest in &mut guests {
        let frame = farewell(guest).await;
        assert_eq!(frame.code, CloseCode::Away);
        assert_eq!(frame.reason, "the server is stopping: come back soon");
    }
    let (status, stderr) = chat.ended().await;
    assert_eq!(status.code(), Some(0), "{stderr}");
}

#[tokio::test]
async fn during_the_lame_duck_the_chat_goes_on_and_lets_guests_in() {
    let mut chat = Service::start(CHAT, &[], &[("LIFECYCLE_LAME_DUCK", "1s")]).await;
    let mut first = enter_all(&chat, 1).await.remove(0);
    chat.terminate();
    // The probe answers 503 when the stop has begun.
    while ready(&chat).await != StatusCode::SERVICE_UNAVAILABLE {}
    let mut late = enter_all(&chat, 1).await.remove(0);
    hear(&mut first, "hello").await;
    assert_eq!(farewell(&mut first).await.code, CloseCode::Away);
    assert_eq!(farewell(&mut late).await.code, CloseCode::Away);
    let (status, stderr) = chat.ended().await;
    assert_eq!(status.code(), Some(0), "{stderr}");
}

/// Returns the status of `/readyz`.
async fn ready(chat: &Service) -> StatusCode {
    let mut probe = Connection::open(chat.socket()).await.expect("the chat listens");
    probe.request(Method::GET, "/readyz", "").await.expect("the probe answers").status
}

#[tokio::test]
async fn a_guest_who_never_answers_holds_up_the_stop_for_a_second_and_no_more() {
    let chat = Service::start(CHAT, &[], &[]).await;
    // This guest reads nothing more, so it does not answer the close frame.
    let asleep = enter_all(&chat, 1).await;
    chat.stopped().await;
    drop(asleep);
}
