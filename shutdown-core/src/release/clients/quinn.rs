//! QUIC connections of `quinn`: `Endpoint`, `Connection`, `SendStream`. Needs the feature `quinn`.
//!
//! | type | lost without release | a bare `#[teardown]` | who confirms |
//! |---|---|---|---|
//! | `Endpoint` | the end of its connections: each peer waits for its idle time-out | closes its connections with the code 0, and waits until they have ended | nobody: QUIC does not acknowledge a close |
//! | `Connection` | the same, and data that the peer has not acknowledged | none: its endpoint closes it | |
//! | `SendStream` | data that the peer has not acknowledged | in a `Slot` or a `Mutex` of tokio: finishes it, and waits | the peer, which acknowledges all data |
//!
//! Run against another process with an endpoint of `quinn`.
//!
//! A close drops the data of all streams, also of finished ones ([RFC 9000], section 10.2). So release the streams first:
//! put them into the same resource in front of the endpoint, or into a resource that depends on it.
//!
//! The teardown of an endpoint without open connections is `ok`. Otherwise the report says `unconfirmed`: the packet with
//! the close may be lost. The teardown of a stream fails if the peer does not acknowledge all data in time, stops the
//! stream, or is gone.
//!
//! [RFC 9000]: https://www.rfc-editor.org/rfc/rfc9000#section-10.2

use quinn::{Connection, Endpoint, SendStream, VarInt};

use crate::release::Release;
use crate::release::known::known;
use crate::release::owned::{ReleaseMut, owned};
use crate::resource::scope::{TeardownScope, unconfirmed};

known! {
    [] Endpoint: "quinn::Endpoint",
    lost: "the end of its connections, so each peer waits for its idle time-out",
    does: "closes its connections and waits until they have ended",
    form: "Endpoint";

    [] Connection: "quinn::Connection",
    lost: "its end, so the peer waits for its idle time-out",
    does: "release its `Endpoint` with `#[teardown]`, which closes the connection, and skip the connection",
    form: "";

    [] SendStream: "quinn::SendStream",
    lost: "the data that the peer has not acknowledged",
    does: "finishes it and waits until the peer has acknowledged all data",
    form: "lifecycle::Slot<SendStream>";
}

#[diagnostic::do_not_recommend]
impl<List: 'static> Release<List> for Endpoint {
    const BLOCKING: bool = false;

    async fn release(&self) -> Result<(), String> {
        let count = self.open_connections();
        self.close(VarInt::from_u32(0), b"shutting down");
        if !in_time(self.wait_idle()).await {
            return Err(format!("{} connections have not ended in time", self.open_connections()));
        }
        if count > 0 {
            unconfirmed(format!(
                "QUIC does not acknowledge a close, so peers of {count} connections may wait for their idle time-out"
            ));
        }
        Ok(())
    }
}

impl ReleaseMut for SendStream {
    async fn release_mut(&mut self) -> Result<(), String> {
        // An error says that the stream is finished or reset already.
        let _ = self.finish();
        let mut stopped = None;
        let waited = in_time(async { stopped = Some(self.stopped().await) }).await;
        let reason = match stopped {
            Some(Ok(None)) if waited => return Ok(()),
            Some(Ok(Some(code))) => format!("it stopped the stream with the code {code}"),
            Some(Err(error)) => error.to_string(),
            _ => "it did not answer in time".to_owned(),
        };
        Err(format!("the peer has not acknowledged all data: {reason}"))
    }
}

owned! {
    mut:
    [] SendStream;
}

/// Returns whether `future` ends within the time of the teardown.
async fn in_time(future: impl Future<Output = ()>) -> bool {
    TeardownScope::current().in_time(future).await.is_some()
}
