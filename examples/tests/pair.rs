//! `checkout` and `worker`, two of each, restarted one after the other while customers order, and counted at the
//! servers: every order that was acknowledged is settled once.

mod customers;
mod servers;
mod service;

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use customers::{Connection, Customers, Told};
use lapin::options::{BasicGetOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Channel, ConnectionProperties};
use lifecycle_restart_tests::{Balancer, Place, Reuse};
use rustix::process::Signal;
use servers::{Servers, refusal, until};
use service::{PATIENCE, Service};
use sqlx::postgres::PgPool;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tokio::net::TcpSocket;

/// `HAProxy` asks for the readiness every 200 ms: a checkout is out of the rotation before its doors close, also on a
/// machine that is busy.
const LAME_DUCK: &str = "1s";

/// One of two: a checkout and a worker, restarted together.
struct Pair<'a> {
    home: Home,
    settings: [(&'a str, &'a str); 3],
    checkout: Service,
    worker: Service,
}

impl<'a> Pair<'a> {
    async fn start(home: Home, settings: [(&'a str, &'a str); 3]) -> Pair<'a> {
        let port = home.address().port().to_string();
        let arguments = [home.folder.to_str().expect("a temporary folder"), "--port", &port, "--hand-on"];
        let checkout = Service::start_with("checkout", &arguments, &settings).await;
        // It is no server, and has no lame duck.
        let worker = Service::start("worker", &settings[..2]).await;
        Pair { home, settings, checkout, worker }
    }

    /// Its successors open what it leaves. Returns when they are at work.
    async fn restarted(self, signal: Signal, customers: &Customers) -> Pair<'a> {
        let Pair { home, settings, checkout, worker } = self;
        let served = customers.served();
        checkout.signal(signal);
        worker.signal(signal);
        let (checkout, worker) = (checkout.ended().await, worker.ended().await);
        if signal == Signal::TERM {
            for (status, stderr) in [checkout, worker] {
                assert_eq!(status.code(), Some(0), "{stderr}");
            }
            assert!(customers.served() > served, "it was not stopped under load");
            home.has_handed_on_all().await;
        }
        let before = home.count("SELECT count(*) FROM orders").await;
        let pair = Pair::start(home, settings).await;
        let busy = async || pair.home.count("SELECT count(*) FROM orders").await > before;
        until("an order at the new one", busy).await;
        pair
    }
}

/// What a checkout has, and its successor after it: a folder and a port.
struct Home {
    folder: PathBuf,
    /// Bound, and never listened on: that keeps it from everybody but those who bind just this one.
    port: TcpSocket,
}

impl Home {
    fn new(name: &str) -> Home {
        let folder = env::temp_dir().join(format!("checkout-{name}-{}", std::process::id()));
        let port = TcpSocket::new_v4().expect("a socket");
        port.set_reuseaddr(true).expect("a socket has that option");
        port.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a port is free");
        Home { folder, port }
    }

    fn address(&self) -> SocketAddr {
        self.port.local_addr().expect("it is bound")
    }

    async fn database(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(self.folder.join("orders.sqlite"));
        options.connect().await.expect("a checkout has made it")
    }

    async fn count(&self, query: &str) -> i64 {
        let mut database = self.database().await;
        let count = sqlx::query_scalar(query).fetch_one(&mut database).await.expect(query);
        database.close().await.expect("it is open");
        count
    }

    async fn orders(&self) -> Vec<String> {
        let query = "SELECT id FROM orders";
        sqlx::query_scalar(query).fetch_all(&mut self.database().await).await.expect(query)
    }

    /// Whoever stops well leaves nothing to a successor: there may be none.
    async fn has_handed_on_all(&self) {
        assert_eq!(self.count("SELECT count(*) FROM orders WHERE state <> 'handed on'").await, 0);
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // What cannot be removed stays in the temporary folder, where it harms nobody.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// What the customers were told, and what the servers say when everybody has gone.
struct Books {
    told: Told,
    /// In the folders of the checkouts.
    placed: BTreeSet<String>,
    /// In PostgreSQL.
    settled: BTreeSet<String>,
    /// In the outbox: those that are sent, and those that are not.
    sent: Vec<String>,
    unsent: Vec<String>,
    /// At RabbitMQ: all receipts, and what is left of the orders.
    receipts: Vec<String>,
    left: u32,
}

impl Books {
    async fn close(told: Told, placed: BTreeSet<String>, postgres: &PgPool, rabbitmq: &Channel) -> Books {
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let left = rabbitmq.queue_declare("orders".into(), passive, FieldTable::default()).await;
        let mut receipts = Vec::new();
        let options = BasicGetOptions { no_ack: true };
        while let Some(message) =
            rabbitmq.basic_get("receipts".into(), options).await.expect("RabbitMQ answers")
        {
            receipts.push(String::from_utf8(message.delivery.data).expect("it is an order"));
        }
        Books {
            told,
            placed,
            settled: ids(postgres, "SELECT id FROM orders").await.into_iter().collect(),
            sent: ids(postgres, "SELECT receipt FROM outbox WHERE sent").await,
            unsent: ids(postgres, "SELECT receipt FROM outbox WHERE NOT sent").await,
            receipts,
            left: left.expect("the worker has made it").message_count(),
        }
    }

    /// Acknowledged, and not settled.
    fn lost(&self) -> Vec<&String> {
        self.told.acknowledged.difference(&self.settled).collect()
    }

    /// Settled, and neither acknowledged nor among those of which nobody was told.
    fn invented(&self) -> Vec<&String> {
        let surplus = self.settled.difference(&self.told.acknowledged);
        surplus.filter(|order| !self.told.failed.contains_key(*order)).collect()
    }

    /// Whatever happened to the processes: acknowledged = settled, once, with one receipt, which is sent.
    #[track_caller]
    fn are_in_order(&self) {
        assert!(self.lost().is_empty() && self.invented().is_empty(), "{self}");
        assert!(self.settled == self.placed, "{self}");
        assert_eq!((self.unsent.len(), self.left), (0, 0), "{self}");
        assert_eq!(self.sent.len(), self.settled.len(), "{self}");
        for receipts in [&self.sent, &self.receipts] {
            assert!(receipts.iter().cloned().collect::<BTreeSet<_>>() == self.settled, "{self}");
        }
    }
}

impl fmt::Display for Books {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Told { acknowledged, failed } = &self.told;
        writeln!(f, "  orders acknowledged   {:>6}", acknowledged.len())?;
        let mut kinds: BTreeMap<&String, usize> = BTreeMap::new();
        for kind in failed.values() {
            *kinds.entry(kind).or_default() += 1;
        }
        writeln!(f, "  requests that failed  {:>6}   {kinds:?}", failed.len())?;
        writeln!(f, "  orders placed         {:>6}", self.placed.len())?;
        writeln!(f, "  orders settled        {:>6}   {} left in the queue", self.settled.len(), self.left)?;
        writeln!(f, "  acknowledged and lost {:>6}   {:?}", self.lost().len(), self.lost().first())?;
        writeln!(f, "  from nobody           {:>6}   {:?}", self.invented().len(), self.invented().first())?;
        writeln!(f, "  receipts marked sent  {:>6}   {} not", self.sent.len(), self.unsent.len())?;
        let distinct: BTreeSet<_> = self.receipts.iter().collect();
        write!(f, "  receipts in the queue {:>6}   {} distinct", self.receipts.len(), distinct.len())
    }
}

async fn ids(database: &PgPool, query: &str) -> Vec<String> {
    sqlx::query_scalar(query).fetch_all(database).await.expect(query)
}

/// Restarts both pairs by this signal, again and again, while customers order.
async fn restart_under_load(name: &str, signal: Signal) -> Books {
    let rounds = if env::var_os("LIFECYCLE_SOAK").is_some() { 12 } else { 3 };
    let servers = Servers::start(&["postgres", "rabbitmq"]);
    let [postgres, rabbitmq] = ["POSTGRES_URL", "RABBITMQ_URL"].map(|url| (url, servers.url(url)));
    let settings = [postgres, rabbitmq, ("LIFECYCLE_LAME_DUCK", LAME_DUCK)];
    let mut pairs = Vec::new();
    for number in 0..2 {
        pairs.push(Pair::start(Home::new(&format!("{name}{number}")), settings).await);
    }
    let front = Place::own().port();
    let balancer = Balancer::start(front, &[0, 1].map(|at: usize| pairs[at].home.address()), Reuse::Safe);
    let customers = Customers::come(front);
    for _ in 0..2 * rounds {
        // The one that is up for longest.
        let oldest = pairs.remove(0);
        pairs.push(oldest.restarted(signal, &customers).await);
    }
    let told = customers.leave().await;
    let balancer = balancer.stop();
    if signal == Signal::TERM && !told.failed.is_empty() {
        println!("{balancer}");
    }
    let (mut placed, mut workers) = (BTreeSet::new(), Vec::new());
    for Pair { home, checkout, worker, .. } in pairs {
        stopped(checkout).await;
        home.has_handed_on_all().await;
        placed.extend(home.orders().await);
        workers.push(worker);
    }
    let database = PgPool::connect(postgres.1).await.expect("PostgreSQL answers");
    // What has not come by then is missing in the books.
    let _ = tokio::time::timeout(PATIENCE, async {
        while ids(&database, "SELECT id FROM orders").await.len() < placed.len() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    for worker in workers {
        stopped(worker).await;
    }
    let broker = lapin::Connection::connect(rabbitmq.1, ConnectionProperties::default()).await;
    let broker = broker.expect("RabbitMQ answers");
    let channel = broker.create_channel().await.expect("RabbitMQ answers");
    let books = Books::close(told, placed, &database, &channel).await;
    println!("{rounds} rounds of {name} for 2 checkouts and 2 workers\n{books}");
    broker.close(200, "bye".into()).await.expect("RabbitMQ answers");
    books
}

async fn stopped(service: Service) {
    service.terminate();
    let (status, stderr) = service.ended().await;
    assert_eq!(status.code(), Some(0), "{stderr}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rolling_restarts_of_the_pair_refuse_nobody_and_settle_what_was_acknowledged_once() {
    let books = restart_under_load("SIGTERM", Signal::TERM).await;
    books.are_in_order();
    // Nobody was refused, left without an answer or asked to try again; so nobody's order is settled without being
    // acknowledged, and none has been sent twice.
    assert!(books.told.failed.is_empty(), "{books}");
    assert_eq!(books.receipts.len(), books.settled.len(), "{books}");
}

/// Customers are left without an answer then, and a receipt may come twice; an order that was acknowledged is settled
/// once all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigkill_again_and_again_settles_what_was_acknowledged_once() {
    restart_under_load("SIGKILL", Signal::KILL).await.are_in_order();
}

/// Nothing listens on port 1.
#[tokio::test]
async fn a_rabbitmq_that_is_not_there_is_named_and_the_exit_status_is_1() {
    let home = Home::new("refusal");
    let arguments = [home.folder.to_str().expect("a temporary folder"), "--hand-on"];
    let unset = refusal("checkout", &arguments, &[]).await;
    assert!(unset.contains("`RABBITMQ_URL` is not set: it says where RabbitMQ is"), "{unset}");
    for url in ["amqp://127.0.0.1:1/%2f", "no URL"] {
        let refused = refusal("checkout", &arguments, &[("RABBITMQ_URL", url)]).await;
        assert_eq!(refused.matches("connect to RabbitMQ: check `RABBITMQ_URL`").count(), 1, "{refused}");
        // What was opened before is closed again.
        assert!(refused.contains("Database"), "{refused}");
    }
}

/// It would be given to the worker, or to the journal, again and again.
#[tokio::test]
async fn an_id_that_nobody_behind_the_shop_can_take_is_refused_at_the_door() {
    let home = Home::new("ids");
    let checkout =
        Service::start_with("checkout", &[home.folder.to_str().expect("a temporary folder")], &[]).await;
    let shop = checkout.address.trim_start_matches("http://").parse().expect("an address");
    let mut connection = Connection::open(shop).await.expect("its doors are open");
    let (longest, longer) = ("x".repeat(64), "x".repeat(65));
    let ids =
        [("order-1", 201), (&longest, 201), (&longer, 400), ("a%0Ab", 400), ("a%00b", 400), ("%C3%A9", 400)];
    for (id, status) in ids {
        let answer = connection.request("PUT", id, "one espresso").await.expect("an answer");
        assert_eq!(answer.status, status, "{id}: {}", answer.body);
    }
    stopped(checkout).await;
}
