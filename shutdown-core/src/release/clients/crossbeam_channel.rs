//! Senders of `crossbeam_channel`: `Sender`. Needs the feature `crossbeam-channel`.
//!
//! | type | lost without release | a bare `#[teardown]` | who confirms |
//! |---|---|---|---|
//! | `Sender` | the receivers wait for ever | in a `Slot`: drops it | nobody: nothing is outstanding |
//!
//! The crate `crossbeam` has the same type.

use std::future::Future;

use crossbeam_channel::Sender;

use crate::release::known::known;
use crate::release::owned::dropped;

known! {
    [T] Sender<T>: "crossbeam_channel::Sender",
    lost: "the end of the channel: a thread that receives from it waits for ever",
    does: "drops it, so that the receivers end",
    form: "lifecycle::Slot<Sender<_>>";
}

dropped! {
    false:
    [T: Send + 'static] Sender<T>;
}
