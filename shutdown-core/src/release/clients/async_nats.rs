//! The end of a NATS client: the server has what was published.

use std::pin::pin;
use std::time::Duration;

use async_nats::client::{Request, RequestErrorKind};
use async_nats::connection::State;
use async_nats::{Client, Message, RequestError};

use crate::engine::context;
use crate::release::owned::words;
use crate::sync::modelled::Ordering;

/// What is kept of a hook's time to say that the server did not answer.
const LAST_WORD: Duration = Duration::from_millis(50);
/// A server answers by then; else whatever it says is an answer.
const AT_ONCE: Duration = Duration::from_millis(100);
/// How often is asked whether it has said something, as the client does not tell.
const LOOK: Duration = Duration::from_millis(2);

/// Waits until the server has what was published, then drains: that is only asked for, and not waited for. A client
/// that is reconnecting has its time to do so.
pub(super) async fn drain(client: &Client) -> Result<(), String> {
    let taken = match context::with(|lifecycle| lifecycle.and_then(crate::Lifecycle::remaining)) {
        Some(left) => tokio::time::timeout(left.saturating_sub(LAST_WORD), taken(client)).await,
        // Out of a lifecycle nobody bounds it.
        None => Ok(taken(client).await),
    };
    match taken {
        Ok(taken) => taken?,
        Err(_) if client.connection_state() == State::Connected => {
            return Err("the server does not answer, and may not have what was published last".to_owned());
        }
        Err(_) => {
            return Err(
                "the connection is broken: the server may not have what was published last".to_owned()
            );
        }
    }
    client.drain().await.map_err(words)
}

/// A flush ends when the kernel has it all. The server works in order, and itself answers a request that nobody serves.
async fn taken(client: &Client) -> Result<(), String> {
    client.flush().await.map_err(words)?;
    let said = || client.statistics().in_bytes.load(Ordering::Relaxed);
    let before = said();
    let mut answer = pin!(client.send_request(client.new_inbox(), Request::new().timeout(None)));
    if let Ok(answer) = tokio::time::timeout(AT_ONCE, &mut answer).await {
        return is_answer(answer);
    }
    // A client that has not the right to ask is told so, in words that do not get as far as here.
    while said() == before {
        if let Ok(answer) = tokio::time::timeout(LOOK, &mut answer).await {
            return is_answer(answer);
        }
    }
    Ok(())
}

fn is_answer(answer: Result<Message, RequestError>) -> Result<(), String> {
    match answer {
        Err(error) if error.kind() != RequestErrorKind::NoResponders => Err(words(error)),
        Ok(_) | Err(_) => Ok(()),
    }
}
