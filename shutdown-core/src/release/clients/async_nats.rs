//! Handles of `async_nats`: `Client`, `Subscriber`.
//!
//! | type | lost without release | a bare `#[teardown]` | who confirms |
//! |---|---|---|---|
//! | `Client` | messages that are not sent yet | flushes, waits until the server has answered, and drains | the server, which answers a last request |
//! | `Subscriber` | messages that the server goes on sending | in a `Mutex` of tokio: unsubscribes | nobody: the end of the connection unsubscribes too |
//!
//! Run against NATS 2.9.
//!
//! The teardown of a client fails if the server does not confirm in time that it has received every message.

use std::pin::pin;
use std::time::Duration;

use super::library::async_nats::client::{Request, RequestErrorKind};
use super::library::async_nats::connection::State;
use super::library::async_nats::{Client, Message, RequestError, Subscriber};
use crate::release::Release;
use crate::release::known::known;
use crate::release::owned::{ReleaseMut, owned, text_of};
use crate::resource::scope::TeardownScope;
use crate::sync::modelled::Ordering;

known! {
    [] Client: "async_nats::Client",
    lost: "the messages that are published and not yet sent",
    does: "flushes and drains it",
    form: "async_nats::Client";

    [] Subscriber: "async_nats::Subscriber",
    lost: "the messages that the server goes on sending",
    does: "unsubscribes",
    form: "tokio::sync::Mutex<Subscriber>";
}

/// How long only the answer itself counts. After that, any byte from the server counts as one.
const ANSWER_TIME: Duration = Duration::from_millis(100);
/// How often the bytes from the server are counted, because the client sends no event for them.
const POLL_INTERVAL: Duration = Duration::from_millis(2);

#[diagnostic::do_not_recommend]
impl<List: 'static> Release<List> for Client {
    const BLOCKING: bool = false;

    async fn release(&self) -> Result<(), String> {
        TeardownScope::current().last_words().await;
        drain(self).await
    }
}

impl ReleaseMut for Subscriber {
    async fn release_mut(&mut self) -> Result<(), String> {
        self.unsubscribe().await.map_err(text_of)
    }
}

owned! {
    mut:
    [] Subscriber;
}

/// Waits until the server has received every message, then asks the client to drain. A client that is reconnecting may
/// use the time that is left.
async fn drain(client: &Client) -> Result<(), String> {
    match TeardownScope::current().in_time(received(client)).await {
        Some(received) => received?,
        None if client.connection_state() == State::Connected => {
            return Err("the server does not answer, and may not have received the last messages".to_owned());
        }
        None => {
            return Err(
                "the connection is broken, and the server may not have received the last messages".to_owned()
            );
        }
    }
    client.drain().await.map_err(text_of)
}

/// Waits until the server has received every message.
///
/// A flush ends when the kernel has the bytes. So the client sends one more request, which nothing serves. The server
/// works in order, and answers such a request itself.
async fn received(client: &Client) -> Result<(), String> {
    client.flush().await.map_err(text_of)?;
    let bytes = || client.statistics().in_bytes.load(Ordering::Relaxed);
    let before = bytes();
    let mut answer = pin!(client.send_request(client.new_inbox(), Request::new().timeout(None)));
    if let Ok(answer) = tokio::time::timeout(ANSWER_TIME, &mut answer).await {
        return is_answer(answer);
    }
    // The server refuses the request of a client without the right to send it. That refusal does not come as an answer.
    while bytes() == before {
        if let Ok(answer) = tokio::time::timeout(POLL_INTERVAL, &mut answer).await {
            return is_answer(answer);
        }
    }
    Ok(())
}

fn is_answer(answer: Result<Message, RequestError>) -> Result<(), String> {
    match answer {
        Err(error) if error.kind() != RequestErrorKind::NoResponders => Err(text_of(error)),
        Ok(_) | Err(_) => Ok(()),
    }
}
