//! Clients of `fred`: `Client`, `Pool`, `ExclusivePool`. Needs the feature `fred`.
//!
//! | type | lost without release | a bare `#[teardown]` | who confirms |
//! |---|---|---|---|
//! | `Client`, `Pool` | commands without a reply yet | sends PING, waits for its reply, and quits | the server, which replies in order |
//! | `ExclusivePool` | the same | none: call `quit` | |
//!
//! Run against Redis 7.0.
//!
//! A client sends its commands one after the other, and the server replies in the same order. So the reply to PING comes
//! after all replies before it. The teardown fails if that reply does not come in time, or if the connection is broken:
//! the server may not have the last commands. The sender of a command received its error. Each node of a cluster has a
//! connection of its own, so PING confirms only the commands of one node. QUIT alone confirms nothing: `fred` reports
//! success as well if the connection breaks.
//!
//! A client that is not connected when the teardown begins cannot ask the server. Then the report says `unconfirmed`.

use fred::clients::{Client, ExclusivePool, Pool};
use fred::interfaces::ClientLike;
use futures_util::future::join_all;

use crate::release::Release;
use crate::release::known::known;
use crate::resource::scope::{TeardownScope, unconfirmed};

known! {
    [] Client: "fred::clients::Client",
    lost: "the commands that the server has not received yet",
    does: "sends PING, waits for its reply, and quits",
    form: "Client";

    [] Pool: "fred::clients::Pool",
    lost: "the commands that the server has not received yet",
    does: "sends PING on each connection, waits for the replies, and quits",
    form: "Pool";

    [] ExclusivePool: "fred::clients::ExclusivePool",
    lost: "the commands that the server has not received yet",
    does: "call `quit` in the body of `teardown`",
    form: "";
}

#[diagnostic::do_not_recommend]
impl<List: 'static> Release<List> for Client {
    const BLOCKING: bool = false;

    async fn release(&self) -> Result<(), String> {
        quit(std::slice::from_ref(self)).await
    }
}

#[diagnostic::do_not_recommend]
impl<List: 'static> Release<List> for Pool {
    const BLOCKING: bool = false;

    async fn release(&self) -> Result<(), String> {
        quit(self.clients()).await
    }
}

/// Waits until the server has replied on each connection, and quits. The `quit` of a pool drops the errors.
async fn quit(clients: &[Client]) -> Result<(), String> {
    let connected = clients.iter().all(ClientLike::is_connected);
    let replies = join_all(clients.iter().map(|client| async move {
        // Without a connection, PING would wait for the next one.
        if connected {
            client.ping::<()>(None).await?;
        }
        client.quit().await
    }));
    let reason = match TeardownScope::current().in_time(replies).await {
        Some(replies) => replies.into_iter().find_map(Result::err).map(|error| error.to_string()),
        None => Some("it did not answer in time".to_owned()),
    };
    if let Some(reason) = reason {
        return Err(format!("the server may not have the last commands: {reason}"));
    }
    if !connected {
        unconfirmed("the client was not connected, so the server may not have the last commands");
    } else if clients.iter().any(ClientLike::is_clustered) {
        unconfirmed(
            "the nodes of a cluster may not have the last commands, because one of them replied to PING",
        );
    }
    Ok(())
}
