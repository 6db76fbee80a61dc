//! The chat, and what its guests hear of its end.

mod service;

use futures_util::{SinkExt as _, StreamExt as _};
use service::{Service, soon};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

type Guest = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn enter(chat: &Service) -> Guest {
    soon("a WebSocket", connect_async(&chat.address)).await.expect("the doors are open").0
}

/// Waits until everybody is in the room: the lines of the last one come back to him when he is.
async fn enter_all(chat: &Service, guests: usize) -> Vec<Guest> {
    let mut room = Vec::new();
    for _ in 0..guests {
        let mut guest = enter(chat).await;
        guest.send(Message::text("hello")).await.expect("it reads");
        hear(&mut guest, "hello").await;
        room.push(guest);
    }
    room
}

/// Waits for this line.
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

/// The close frame, behind whatever was said before it, and then the end of the connection in order.
async fn farewell(guest: &mut Guest) -> CloseFrame {
    let frame = loop {
        match next(guest).await.expect("a close frame comes before the end") {
            Ok(Message::Close(frame)) => break frame.expect("with a code and a reason"),
            Ok(_) => {}
            Err(error) => panic!("{error} instead of a close frame"),
        }
    };
    assert!(matches!(next(guest).await, None | Some(Err(Error::ConnectionClosed))), "the end, and no reset");
    frame
}

#[tokio::test]
async fn every_guest_is_told_1001_and_a_reason() {
    let chat = Service::start("websocket", &[]).await;
    let mut guests = enter_all(&chat, 20).await;
    // What is said just before the signal is on its way in both directions when it comes.
    for guest in &mut guests {
        guest.send(Message::text("the last round")).await.expect("it reads");
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
    let chat = Service::start("websocket", &[("LIFECYCLE_LAME_DUCK", "1s")]).await;
    let mut first = enter_all(&chat, 1).await.remove(0);
    chat.terminate();
    // The probe says when the stop has begun.
    let probe = chat.address.replace("ws://", "").replace("/chat", "");
    while !ready(&probe).await.starts_with("HTTP/1.1 503") {}
    let mut late = enter_all(&chat, 1).await.remove(0);
    hear(&mut first, "hello").await;
    assert_eq!(farewell(&mut first).await.code, CloseCode::Away);
    assert_eq!(farewell(&mut late).await.code, CloseCode::Away);
    let (status, stderr) = chat.ended().await;
    assert_eq!(status.code(), Some(0), "{stderr}");
}

/// What `/readyz` answers.
async fn ready(address: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let mut probe = TcpStream::connect(address).await.expect("the doors are open");
    let request = "GET /readyz HTTP/1.1\r\nHost: chat\r\nConnection: close\r\n\r\n";
    probe.write_all(request.as_bytes()).await.expect("it reads");
    let mut answer = String::new();
    soon("an answer", probe.read_to_string(&mut answer)).await.expect("it answers");
    answer
}

#[tokio::test]
async fn a_guest_who_never_answers_holds_up_the_stop_for_a_second_and_no_more() {
    let chat = Service::start("websocket", &[]).await;
    // Never read again: no close frame is answered.
    let asleep = enter_all(&chat, 1).await;
    chat.terminate();
    let (status, stderr) = chat.ended().await;
    assert_eq!(status.code(), Some(0), "{stderr}");
    drop(asleep);
}
