//! Senders of `flume`: `Sender`. Needs the feature `flume`.
//!
//! | type | lost without release | a bare `#[teardown]` | who confirms |
//! |---|---|---|---|
//! | `Sender` | the receivers wait for ever | in a `Slot`: drops it | nobody: nothing is outstanding |

use std::future::Future;

use flume::Sender;

use crate::release::known::known;
use crate::release::owned::dropped;

known! {
    [T] Sender<T>: "flume::Sender",
    lost: "the end of the channel: a task that receives from it waits for ever",
    does: "drops it, so that the receivers end",
    form: "lifecycle::Slot<Sender<_>>";
}

dropped! {
    false:
    [T: Send + 'static] Sender<T>;
}
