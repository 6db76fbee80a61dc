//! Handles of `mongodb`: `Client`, `ClientSession`. Needs the feature `mongodb`.
//!
//! | type | lost without release | a bare `#[teardown]` | who confirms |
//! |---|---|---|---|
//! | `Client` | the abort of a dropped transaction and the end of a dropped cursor, which are sent in the background | shuts it down: waits for that, and closes its connections | nobody: each call had its own answer |
//! | `ClientSession` | the end of its client, which waits for this session; an open transaction is aborted | in a `Slot`: drops it, so that its client can shut down | nobody |
//!
//! Not run against a server. The tests use sockets that refuse, or accept and never answer.
//!
//! `Client::shutdown` waits until every cursor, session and upload stream has been dropped, with no limit. The teardown
//! waits for three quarters of its time. Then it shuts down at once (`immediate`), and fails, because one of these was
//! never dropped or the server did not answer.
//!
//! Every call has an answer, or its sender received the error. So the shutdown of an idle client loses nothing if the
//! server is gone, and succeeds. A call whose future was dropped goes on at the server: configure `max_time`.

use std::future::{Future, IntoFuture as _};

use mongodb::{Client, ClientSession};
use tokio::time::timeout;

use crate::release::Release;
use crate::release::known::known;
use crate::release::owned::dropped;
use crate::resource::scope::TeardownScope;

known! {
    [] Client: "mongodb::Client",
    lost: "what it sends in the background: the aborts of dropped transactions, and the ends of dropped cursors",
    does: "shuts it down after every cursor, session and upload has been dropped",
    form: "mongodb::Client";

    [] ClientSession: "mongodb::ClientSession",
    lost: "the end of its client, which waits for this session",
    does: "drops it, which aborts an open transaction",
    form: "lifecycle::Slot<ClientSession>";
}

#[diagnostic::do_not_recommend]
impl<List: 'static> Release<List> for Client {
    const BLOCKING: bool = false;

    async fn release(&self) -> Result<(), String> {
        let orderly = self.clone().shutdown().into_future();
        let Some(left) = TeardownScope::current().remaining() else {
            orderly.await;
            return Ok(());
        };
        if timeout(left / 4 * 3, orderly).await.is_ok() {
            return Ok(());
        }
        let why = "a cursor, a session or an upload was never dropped, or the server did not answer";
        match timeout(left / 8, self.clone().shutdown().immediate(true).into_future()).await {
            Ok(()) => Err(format!("{why}: the client was shut down without waiting for it")),
            Err(_) => Err(format!("{why}, and the client could not be shut down in time")),
        }
    }
}

dropped! {
    false:
    [] ClientSession;
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::net::TcpListener;
    use tokio::time::Instant;

    use super::*;

    /// Makes a client of a socket that refuses connections.
    async fn refused() -> Client {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        Client::with_uri_str(format!("mongodb://{address}")).await.unwrap()
    }

    /// Makes a client of a socket that accepts connections and never answers, and waits until it is connected.
    async fn silent() -> (Client, Vec<tokio::net::TcpStream>, TcpListener) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client =
            Client::with_uri_str(format!("mongodb://{}", listener.local_addr().unwrap())).await.unwrap();
        let (connection, _) = listener.accept().await.unwrap();
        (client, vec![connection], listener)
    }

    async fn released(client: &Client, time: Duration) -> Result<(), String> {
        let deadline = Some(Instant::now() + time);
        let scope = TeardownScope { deadline, ..TeardownScope::default() };
        scope.around(Release::<()>::release(client)).await
    }

    #[tokio::test]
    async fn an_idle_client_of_a_server_that_refuses_shuts_down() {
        let client = refused().await;
        assert_eq!(released(&client, Duration::from_secs(60)).await, Ok(()));
        assert!(client.list_database_names().await.is_err(), "it is still open");
    }

    #[tokio::test]
    async fn an_idle_client_of_a_server_that_never_answers_shuts_down() {
        let (client, _connections, _listener) = silent().await;
        assert_eq!(released(&client, Duration::from_secs(60)).await, Ok(()));
    }

    #[tokio::test]
    async fn a_session_that_is_dropped_during_the_stop_is_waited_for() {
        let client = refused().await;
        let session = client.start_session().await.unwrap();
        let mut release = Box::pin(released(&client, Duration::from_secs(60)));
        assert!(futures_util::poll!(&mut release).is_pending());
        drop(session);
        assert_eq!(release.await, Ok(()));
    }

    #[tokio::test]
    async fn a_session_that_is_never_dropped_is_told_in_time() {
        let client = refused().await;
        let _kept = client.start_session().await.unwrap();
        let begun = Instant::now();
        let error = released(&client, Duration::from_millis(400)).await.unwrap_err();
        assert!(error.contains("never dropped") && error.contains("without waiting"), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(30), "it waited for the session");
    }
}
