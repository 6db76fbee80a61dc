//! Connections of `redis`: `MultiplexedConnection`, `ConnectionManager`, `PubSub`.
//!
//! | type | lost without release | a bare `#[teardown]` | who confirms |
//! |---|---|---|---|
//! | `MultiplexedConnection`, `ConnectionManager` | commands without a reply yet | in a `Slot`: drops it | nobody: each command had its own reply |
//! | `PubSub` | messages on their way | in a `Slot`: drops it | nobody: nothing is outstanding |
//!
//! Run against Redis 7.0.
//!
//! Every command has a reply, and its sender received the error if there was one. So the teardown does not ask the
//! server, and it succeeds.

use std::future::Future;

use super::library::redis::aio::{ConnectionManager, MultiplexedConnection, PubSub};
use crate::release::known::known;
use crate::release::owned::dropped;

known! {
    [] MultiplexedConnection: "redis::aio::MultiplexedConnection",
    lost: "the commands whose replies nothing has waited for",
    does: "drops it, so that its task ends",
    form: "lifecycle::Slot<MultiplexedConnection>";

    [] ConnectionManager: "redis::aio::ConnectionManager",
    lost: "the commands whose replies nothing has waited for",
    does: "drops it, so that its task ends",
    form: "lifecycle::Slot<ConnectionManager>";

    [] PubSub: "redis::aio::PubSub",
    lost: "the messages that are still on their way, because the subscription stays",
    does: "drops it, so that the subscription ends",
    form: "lifecycle::Slot<PubSub>";
}

dropped! {
    false:
    [] MultiplexedConnection;
    [] ConnectionManager;
    [] PubSub;
}
