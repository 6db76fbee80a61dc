//! The types that need release: what is lost without it, what a bare `#[teardown]` does, and the type that the field
//! has to have for one. A new type is an entry here, and an impl in `release` if there is one right way.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    pin::Pin,
    sync::{Arc, Mutex, OnceLock, RwLock},
};

use crate::lint::leak::{
    Around::{Lock, Nothing, Several, Stays},
    Leak, NeedsRelease,
};
use crate::resource::slot::Slot;

macro_rules! known {
    ($(
        $(#[$attribute:meta])*
        [$($param:tt)*] $ty:ty: $path:literal,
        lost: $lost:literal,
        does: $does:literal,
        form: $form:literal
        $(, locked: $locked:literal)?;
    )+) => {$(
        $(#[$attribute])*
        #[diagnostic::do_not_recommend]
        impl<$($param)*> NeedsRelease for $ty {
            const LEAK: Option<Leak> = Some(Leak::new($path, $lost, $does, $form)$(.locked($locked))?);
        }
    )+};
}

// std
known! {
    [] std::fs::File: "std::fs::File",
    lost: "an error of the last writes, which a drop cannot report",
    does: "calls `sync_all`, off the async threads",
    form: "File",
    locked: "std::sync::Mutex";

    [W: std::io::Write] std::io::BufWriter<W>: "std::io::BufWriter",
    lost: "what is still in the buffer, and the error of writing it",
    does: "flushes it (and syncs a file), off the async threads",
    form: "std::sync::Mutex<BufWriter<_>>";

    [W: std::io::Write] std::io::LineWriter<W>: "std::io::LineWriter",
    lost: "the line that is still in the buffer, and the error of writing it",
    does: "flushes it (and syncs a file), off the async threads",
    form: "std::sync::Mutex<LineWriter<_>>";

    [] std::net::TcpListener: "std::net::TcpListener",
    lost: "the port stays open to the end, and who connects then is reset without an answer",
    does: "closes it",
    form: "lifecycle::Slot<TcpListener>";

    [] std::os::unix::net::UnixListener: "std::os::unix::net::UnixListener",
    lost: "the socket file stays behind, and the next start fails with `AddrInUse`",
    does: "removes the socket file",
    form: "UnixListener";

    [T] std::thread::JoinHandle<T>: "std::thread::JoinHandle",
    lost: "the thread is cut off wherever it is when the process exits, and nobody hears that it panicked",
    does: "waits for the thread to end",
    form: "lifecycle::Slot<JoinHandle<_>>";

    [] std::process::Child: "std::process::Child",
    lost: "the child goes on without its parent, and nobody sees how it ends",
    does: "sends it SIGTERM and waits for it to end",
    form: "lifecycle::Slot<Child>";

    [T] std::sync::mpsc::Sender<T>: "std::sync::mpsc::Sender",
    lost: "the end of its channel: whoever receives from it waits for ever, and does not finish",
    does: "drops it, so that the receiver comes to an end",
    form: "lifecycle::Slot<Sender<_>>";

    [T] std::sync::mpsc::SyncSender<T>: "std::sync::mpsc::SyncSender",
    lost: "the end of its channel: whoever receives from it waits for ever, and does not finish",
    does: "drops it, so that the receiver comes to an end",
    form: "lifecycle::Slot<SyncSender<_>>";
}

// tokio
known! {
    [T] tokio::task::JoinHandle<T>: "tokio::task::JoinHandle",
    lost: "the task is cut off wherever it is when the process exits, and nobody hears that it panicked",
    does: "waits for the task to end",
    form: "lifecycle::Slot<JoinHandle<_>>";

    [T] tokio::task::JoinSet<T>: "tokio::task::JoinSet",
    lost: "its tasks are aborted, or cut off wherever they are when the process exits",
    does: "waits for its tasks to end",
    form: "tokio::sync::Mutex<JoinSet<_>>";

    [T] tokio::sync::mpsc::Sender<T>: "tokio::sync::mpsc::Sender",
    lost: "the end of its channel: the task that receives from it waits for ever, and does not finish",
    does: "drops it, so that the receiver comes to an end",
    form: "lifecycle::Slot<Sender<_>>";

    [T] tokio::sync::mpsc::UnboundedSender<T>: "tokio::sync::mpsc::UnboundedSender",
    lost: "the end of its channel: the task that receives from it waits for ever, and does not finish",
    does: "drops it, so that the receiver comes to an end",
    form: "lifecycle::Slot<UnboundedSender<_>>";
}

// tokio has no files, sockets and processes under loom.
#[cfg(not(loom))]
known! {
    [] tokio::fs::File: "tokio::fs::File",
    lost: "the writes that tokio still does in the background, and their errors",
    does: "calls `sync_all`",
    form: "tokio::fs::File",
    locked: "tokio::sync::Mutex";

    [W: tokio::io::AsyncWrite] tokio::io::BufWriter<W>: "tokio::io::BufWriter",
    lost: "what is still in the buffer: a drop does not even try to write it",
    does: "flushes it (and syncs a file)",
    form: "tokio::sync::Mutex<BufWriter<_>>";

    [] tokio::net::TcpListener: "tokio::net::TcpListener",
    lost: "the port stays open to the end, and who connects then is reset without an answer",
    does: "closes it",
    form: "lifecycle::Slot<TcpListener>";

    [] tokio::net::UnixListener: "tokio::net::UnixListener",
    lost: "the socket file stays behind, and the next start fails with `AddrInUse`",
    does: "removes the socket file",
    form: "UnixListener";

    [] tokio::process::Child: "tokio::process::Child",
    lost: "the child goes on without its parent, and nobody sees how it ends",
    does: "sends it SIGTERM and waits for it to end",
    form: "tokio::sync::Mutex<Child>";
}

#[cfg(feature = "sqlx")]
known! {
    [DB: sqlx::Database] sqlx::Pool<DB>: "sqlx::Pool",
    lost: "the server is not told: its sessions, and what they have locked, stay until it notices",
    does: "closes it, once every connection has come back",
    form: "sqlx::Pool<_>";

    [DB: sqlx::Database] sqlx::pool::PoolConnection<DB>: "sqlx::pool::PoolConnection",
    lost: "the end of its pool, which waits for this connection to come back",
    does: "closes it",
    form: "lifecycle::Slot<PoolConnection<_>>";

    ['c, DB: sqlx::Database] sqlx::Transaction<'c, DB>: "sqlx::Transaction",
    lost: "what was written in it, and its pool waits for the connection to come back",
    does: "commit it where it began, or put it into a `lifecycle::Slot` and `take` it in the body of `teardown`",
    form: "";
}

#[cfg(feature = "redis")]
known! {
    [] redis::aio::MultiplexedConnection: "redis::aio::MultiplexedConnection",
    lost: "the commands whose replies nobody has waited for",
    does: "drops it, so that its task comes to an end",
    form: "lifecycle::Slot<MultiplexedConnection>";

    [] redis::aio::ConnectionManager: "redis::aio::ConnectionManager",
    lost: "the commands whose replies nobody has waited for",
    does: "drops it, so that its task comes to an end",
    form: "lifecycle::Slot<ConnectionManager>";

    [] redis::aio::PubSub: "redis::aio::PubSub",
    lost: "the messages that are still on their way: the subscription goes on to the end",
    does: "drops it, so that the subscription ends",
    form: "lifecycle::Slot<PubSub>";
}

#[cfg(feature = "lapin")]
known! {
    [] lapin::Connection: "lapin::Connection",
    lost: "publishes that are still on their way, and the broker sees the connection break",
    does: "closes it with the code 200",
    form: "lapin::Connection";

    [] lapin::Channel: "lapin::Channel",
    lost: "publishes and acknowledgements that are still on their way",
    does: "closes it with the code 200",
    form: "lapin::Channel";

    [] lapin::Consumer: "lapin::Consumer",
    lost: "the deliveries that the broker goes on sending, until it takes them back",
    does: "cancel it on its channel in the body of `teardown`: `channel.basic_cancel(consumer.tag(), ..)`",
    form: "";
}

#[cfg(feature = "async-nats")]
known! {
    [] async_nats::Client: "async_nats::Client",
    lost: "the messages that are published and not yet sent",
    does: "flushes and drains it",
    form: "async_nats::Client";

    [] async_nats::Subscriber: "async_nats::Subscriber",
    lost: "the messages that the server goes on sending",
    does: "unsubscribes",
    form: "tokio::sync::Mutex<Subscriber>";
}

#[cfg(feature = "tracing-appender")]
known! {
    [] tracing_appender::non_blocking::WorkerGuard: "tracing_appender::non_blocking::WorkerGuard",
    lost: "the log lines of the last moments, which are still in its queue",
    does: "writes them, off the async threads (and put it into a resource that is `last`)",
    form: "lifecycle::Slot<WorkerGuard>";
}

#[cfg(feature = "opentelemetry")]
known! {
    [] opentelemetry_sdk::trace::SdkTracerProvider: "opentelemetry_sdk::trace::SdkTracerProvider",
    lost: "the spans of the last seconds, which are still in its batch",
    does: "exports them and shuts it down, off the async threads (and put it into a resource that is `last`)",
    form: "SdkTracerProvider";

    [] opentelemetry_sdk::metrics::SdkMeterProvider: "opentelemetry_sdk::metrics::SdkMeterProvider",
    lost: "the metrics since the last export",
    does: "exports them and shuts it down, off the async threads (and put it into a resource that is `last`)",
    form: "SdkMeterProvider";

    [] opentelemetry_sdk::logs::SdkLoggerProvider: "opentelemetry_sdk::logs::SdkLoggerProvider",
    lost: "the logs of the last seconds, which are still in its batch",
    does: "exports them and shuts it down, off the async threads (and put it into a resource that is `last`)",
    form: "SdkLoggerProvider";
}

/// What holds a value needs release if the value does.
macro_rules! wrappers {
    ($([$($param:tt)*] $ty:ty: $around:expr;)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<T: NeedsRelease $($param)*> NeedsRelease for $ty {
            const LEAK: Option<Leak> = Leak::around(T::LEAK, $around);
        }
    )+};
}

wrappers! {
    [] Option<T>: Several("Option<", ">");
    [+ ?Sized] Arc<T>: Stays("Arc<", ">");
    [+ ?Sized] Box<T>: Stays("Box<", ">");
    [+ ?Sized] Mutex<T>: Lock;
    [+ ?Sized] RwLock<T>: Lock;
    [+ ?Sized] tokio::sync::Mutex<T>: Lock;
    [+ ?Sized] tokio::sync::RwLock<T>: Lock;
    [] Vec<T>: Several("Vec<", ">");
    [] VecDeque<T>: Several("VecDeque<", ">");
    [] OnceLock<T>: Stays("OnceLock<", ">");
    [] tokio::sync::OnceCell<T>: Stays("OnceCell<", ">");
    [] Slot<T>: Lock;
    [] Pin<T>: Nothing;
    [, const N: usize] [T; N]: Stays("[", "; _]");
    [, K, S] HashMap<K, T, S>: Several("HashMap<_, ", ">");
    [, K] BTreeMap<K, T>: Several("BTreeMap<_, ", ">");
}
