//! The listener as a field of a resource, for the lint `unreleased_field` and a bare `#[teardown]`.

use std::future::Future;

use super::socket_listener::SocketListener;
use crate::release::known::known;
use crate::release::owned::dropped;

known! {
    [] SocketListener: "lifecycle::net::SocketListener",
    lost: "the port stays open until the exit, and a client that connects meanwhile is reset without an answer",
    does: "closes it (a server that serves it loses no client)",
    form: "lifecycle::Slot<SocketListener>";
}

dropped! {
    false:
    [] SocketListener;
}
