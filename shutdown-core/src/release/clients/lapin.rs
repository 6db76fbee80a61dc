//! Handles of `lapin`: `Connection`, `Channel`, `Consumer`.
//!
//! | type | lost without release | a bare `#[teardown]` | who confirms |
//! |---|---|---|---|
//! | `Connection` | publishes on their way | closes it with the code 200 | the broker, which answers the close |
//! | `Channel` | publishes and acknowledgements on their way | closes it with the code 200 | the broker, which answers the close |
//! | `Consumer` | deliveries that the broker goes on sending | none: cancel it on its channel | the broker, which answers the cancellation |
//!
//! Run against RabbitMQ 3.10.
//!
//! The teardown of a connection fails if the connection broke or the broker closed it: the last publishes may be lost.
//! A handle that the program has closed is released already.

use super::library::lapin::{self, Channel, ChannelState, Connection, Consumer, ErrorKind};
use crate::release::Release;
use crate::release::known::known;
use crate::resource::scope::TeardownScope;

known! {
    [] Connection: "lapin::Connection",
    lost: "publishes that are still on their way, and the broker sees a broken connection",
    does: "closes it with the code 200",
    form: "lapin::Connection";

    [] Channel: "lapin::Channel",
    lost: "publishes and acknowledgements that are still on their way",
    does: "closes it with the code 200",
    form: "lapin::Channel";

    [] Consumer: "lapin::Consumer",
    lost: "the deliveries that the broker goes on sending, until it takes them back",
    does: "cancel it on its channel in the body of `teardown`: `channel.basic_cancel(consumer.tag(), ..)`",
    form: "";
}

#[diagnostic::do_not_recommend]
impl<List: 'static> Release<List> for Connection {
    const BLOCKING: bool = false;

    async fn release(&self) -> Result<(), String> {
        if self.status().closed() {
            return Ok(());
        }
        TeardownScope::current().last_words().await;
        // Channels that were dropped a moment ago may still be closing. Closing the connection under them is an error
        // of the connection. The broker answers in order, so one more channel waits for them.
        if let Ok(last) = self.create_channel().await {
            let _ = last.close(200, "shutting down".into()).await;
        }
        self.close(200, "shutting down".into()).await.map_err(unconfirmed)
    }
}

#[diagnostic::do_not_recommend]
impl<List: 'static> Release<List> for Channel {
    const BLOCKING: bool = false;

    async fn release(&self) -> Result<(), String> {
        match self.close(200, "shutting down".into()).await {
            Err(error) if is_closed(&error) => Ok(()),
            closed => closed.map_err(unconfirmed),
        }
    }
}

fn is_closed(error: &lapin::Error) -> bool {
    matches!(error.kind(), ErrorKind::InvalidChannelState(ChannelState::Closing | ChannelState::Closed, _))
}

#[expect(clippy::needless_pass_by_value, reason = "the argument of `map_err`")]
fn unconfirmed(error: lapin::Error) -> String {
    format!("the broker may not have received the last messages: {error}")
}
