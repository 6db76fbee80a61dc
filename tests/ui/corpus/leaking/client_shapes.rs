//! Resources around clients as their libraries shape them, by stand-ins that `needs_release!` tells of. In each, the
//! fields whose names begin with `leak` are flagged, and no others.
#![allow(dead_code)]

use std::{
    collections::HashMap,
    marker::PhantomData,
    sync::{Arc, Mutex, RwLock},
};

use lifecycle::{Managed, Teardown};

/// Handles of a pool, cloned freely.
mod sql {
    #[derive(Clone)]
    pub struct Pool<DB>(std::sync::Arc<DB>);
    pub struct Postgres;
    pub type PgPool = Pool<Postgres>;
    pub struct PgListener;
    pub struct PgConnectOptions;

    impl PgPool {
        pub async fn close(&self) {}
    }

    impl PgListener {
        pub async fn unlisten_all(&self) -> Result<(), String> {
            Ok(())
        }
    }

    lifecycle::needs_release!(PgPool, "sessions of the server", "close");
    lifecycle::needs_release!(PgListener, "notifications", "unlisten_all");
}

mod amqp {
    pub struct Connection;
    #[derive(Clone)]
    pub struct Channel;
    pub struct Consumer;

    impl Connection {
        pub async fn close(&self, _code: u16, _text: String) -> Result<(), String> {
            Ok(())
        }
    }

    impl Channel {
        pub async fn wait_for_confirms(&self) -> Result<Vec<u8>, String> {
            Ok(Vec::new())
        }
    }

    impl Consumer {
        pub async fn cancel(&self) {}
    }

    lifecycle::needs_release!(Connection, "publishes on their way", "close(200, \"bye\".into())");
    lifecycle::needs_release!(Channel, "confirms", "wait_for_confirms");
    lifecycle::needs_release!(Consumer, "deliveries", "cancel");
}

mod nats {
    #[derive(Clone)]
    pub struct Client;

    impl Client {
        pub async fn drain(&self) -> Result<(), String> {
            Ok(())
        }
    }

    lifecycle::needs_release!(Client, "messages not yet sent", "drain");
}

/// A producer with a queue of its own; its flush blocks.
mod kafka {
    pub struct FutureProducer<C = DefaultContext>(pub C);
    pub struct DefaultContext;
    pub struct StreamConsumer;

    impl FutureProducer {
        pub fn flush(&self, _timeout: std::time::Duration) -> Result<(), String> {
            Ok(())
        }
    }

    impl StreamConsumer {
        pub fn unsubscribe(&self) {}
    }

    lifecycle::needs_release!(
        FutureProducer,
        "records in its queue",
        "flush(std::time::Duration::from_secs(5))",
        blocking
    );
    lifecycle::needs_release!(StreamConsumer, "its place in the group", "unsubscribe", blocking);
}

/// Clients that hold nothing but idle connections: nothing to release.
mod web {
    #[derive(Clone)]
    pub struct Client(std::sync::Arc<()>);
    #[derive(Clone)]
    pub struct Channel;
    pub struct GreeterClient<T>(pub T);
}

mod cache {
    #[derive(Clone)]
    pub struct Cache<K, V>(std::marker::PhantomData<fn() -> (K, V)>);
}

mod kv {
    #[derive(Clone)]
    pub struct MultiplexedConnection;
    pub struct PubSub;
    pub struct Client;

    impl MultiplexedConnection {
        pub fn end(&self) {}
    }

    impl PubSub {
        pub fn end(&self) {}
    }

    lifecycle::needs_release!(MultiplexedConnection, "commands on their way", end);
    lifecycle::needs_release!(PubSub, "messages on their way", end);
}

mod search {
    pub struct Writer;

    impl Writer {
        pub fn commit(&self) -> Result<u64, String> {
            Ok(1)
        }
    }

    lifecycle::needs_release!(Writer, "documents since the last commit", commit, blocking);
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Database {
    leak: sql::PgPool,
    options: sql::PgConnectOptions,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Replicated {
    leak_primary: sql::PgPool,
    leak_replicas: Vec<sql::Pool<sql::Postgres>>,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Tenants {
    leak: Arc<RwLock<HashMap<String, sql::PgPool>>>,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Notifications {
    leak: tokio::sync::Mutex<sql::PgListener>,
    db: Managed<Database>,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Repository {
    db: Managed<Database>,
    cache: cache::Cache<u64, String>,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Broker {
    leak_connection: amqp::Connection,
    leak_channel: amqp::Channel,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct ChannelPool {
    leak: Mutex<Vec<amqp::Channel>>,
    broker: Managed<Broker>,
}

#[lifecycle::resource]
struct OrdersConsumer {
    leak: amqp::Consumer,
    channel: amqp::Channel,
}

#[lifecycle::teardown]
impl Teardown for OrdersConsumer {
    async fn teardown(&self) -> Result<(), String> {
        self.channel.wait_for_confirms().await.map(drop)
    }
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Bus {
    leak: nats::Client,
    subject: String,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct MaybeBus {
    leak: Option<Box<nats::Client>>,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Events {
    leak: Arc<kafka::FutureProducer>,
    topic: &'static str,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Ingest {
    leak: kafka::StreamConsumer,
    another: kafka::FutureProducer<u8>,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Locks {
    leak: kv::MultiplexedConnection,
    client: kv::Client,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Invalidations {
    leak: tokio::sync::OnceCell<kv::PubSub>,
    cache: cache::Cache<String, Vec<u8>>,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Index {
    leak: Arc<Mutex<search::Writer>>,
}

#[lifecycle::resource]
struct Everything {
    #[teardown]
    bus: nats::Client,
    #[teardown(close(200, "bye".into()))]
    broker: amqp::Connection,
    leak: kafka::FutureProducer,
    http: web::Client,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Upstreams {
    http: web::Client,
    grpc: web::GreeterClient<web::Channel>,
    by_name: HashMap<String, web::Channel>,
    marker: PhantomData<amqp::Connection>,
}

#[derive(lifecycle::Holds)]
struct Clients {
    http: web::Client,
    bus: nats::Client,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct App {
    leak: Arc<Clients>,
}

fn main() {}
