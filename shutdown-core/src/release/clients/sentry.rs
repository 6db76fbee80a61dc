//! The guard of `sentry`: `ClientInitGuard`. Needs the feature `sentry`.
//!
//! | type | lost without release | a bare `#[teardown]` | who confirms |
//! |---|---|---|---|
//! | `ClientInitGuard` | the last events | in a `Slot`: sends them, ends the session, and closes the client | nobody: `sentry` drops the server's answer |
//!
//! Run against an HTTP server of the tests. Versions after 0.49.3 need Rust 1.89.
//!
//! Mark the resource that holds the guard as `last`. The teardown sends the last events with the time that it has left, and
//! not only with the `shutdown_timeout` of the guard's drop (2 s). It fails if that is too short: the last events may be
//! lost.
//!
//! A transport drops the answer of the server. So the teardown cannot know whether the server refused the events, or
//! whether there was a server, and the report says `unconfirmed`. A client without a DSN sends nothing, and is released at
//! once.

use std::time::{Duration, Instant};

use sentry::ClientInitGuard;

use crate::release::apart::{Time, apart};
use crate::release::known::known;
use crate::release::owned::ReleaseOwned;
use crate::resource::scope::unconfirmed;

known! {
    [] ClientInitGuard: "sentry::ClientInitGuard",
    lost: "the last events, which are still in a queue",
    does: "sends them, on a thread of its own (mark the resource as `last`)",
    form: "lifecycle::Slot<ClientInitGuard>";
}

impl<List: 'static> ReleaseOwned<List> for ClientInitGuard {
    const BLOCKING: bool = false;

    async fn release_owned(self) -> Result<(), String> {
        if !self.is_enabled() {
            return Ok(());
        }
        match apart(move |time: Time| sent(self, time.left())).await {
            Some(true) => {
                unconfirmed("`sentry` drops the answers of the server, so it may not have the last events");
                Ok(())
            }
            Some(false) | None => Err("the last events may be lost: they were not sent in time".to_owned()),
        }
    }
}

/// Sends the events, and closes the client. Returns whether its queue is empty.
fn sent(guard: ClientInitGuard, left: Option<Duration>) -> bool {
    let limit = guard.options().shutdown_timeout;
    if !guard.flush(Some(left.unwrap_or(limit))) {
        // The drop waits for the same events once more. Nobody waits for this thread.
        return false;
    }
    let begun = Instant::now();
    // Sends the end of the session, and drops the result.
    drop(guard);
    limit.is_zero() || begun.elapsed() < limit
}
