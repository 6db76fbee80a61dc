//! Two pairs of `checkout` and `worker`, restarted one after the other while customers order. Every acknowledged order
//! is settled once.

mod books;
mod home;

use std::collections::BTreeSet;
use std::env;
use std::time::Duration;

use harness::{Customers, SIGKILL, SIGTERM, Servers, Service, TIMEOUT, built, until};
use lapin::ConnectionProperties;
use lifecycle_restart_tests::{Balancer, Place, Retries, Reuse};
use sqlx::postgres::PgPool;

use books::{Books, ids};
use home::Home;

/// `HAProxy` asks for the readiness every 200 ms. This is long enough for it to leave out a checkout that is stopping,
/// also on a busy machine.
const LAME_DUCK: &str = "1s";

/// A checkout and a worker, which are restarted together.
struct Pair<'a> {
    home: Home,
    variables: [(&'a str, &'a str); 3],
    checkout: Service,
    worker: Service,
}

impl<'a> Pair<'a> {
    async fn start(home: Home, variables: [(&'a str, &'a str); 3]) -> Pair<'a> {
        let port = home.address().port().to_string();
        let arguments = [home.folder.text(), "--port", &port, "--hand-on"];
        let checkout = Service::start(built("checkout"), &arguments, &variables).await;
        // The worker is not a server, and has no lame duck.
        let worker = Service::start(built("worker"), &[], &variables[..2]).await;
        Pair { home, variables, checkout, worker }
    }

    /// Stops both, and starts their successors on the same folder and port. Returns after the first new order.
    async fn restarted(self, signal: i32, customers: &Customers) -> Pair<'a> {
        let Pair { home, variables, mut checkout, mut worker } = self;
        let served = customers.served();
        checkout.signal(signal);
        worker.signal(signal);
        let (checkout, worker) = (checkout.ended().await, worker.ended().await);
        if signal == SIGTERM {
            for (status, stderr) in [checkout, worker] {
                assert_eq!(status.code(), Some(0), "{stderr}");
            }
            assert!(customers.served() > served, "the stop was not under load");
            home.has_handed_on_all();
        }
        let before = home.count();
        let pair = Pair::start(home, variables).await;
        until("an order at the new checkout", async || pair.home.count() > before).await;
        pair
    }
}

/// Restarts both pairs with this signal, again and again, while customers order.
async fn restart_under_load(name: &str, signal: i32) -> Books {
    let rounds = if env::var_os("LIFECYCLE_SOAK").is_some() { 12 } else { 3 };
    let servers = Servers::start(&["postgres", "rabbitmq"]);
    let [postgres, rabbitmq] = ["POSTGRES_URL", "RABBITMQ_URL"].map(|url| (url, servers.url(url)));
    let variables = [postgres, rabbitmq, ("LIFECYCLE_LAME_DUCK", LAME_DUCK)];
    let mut pairs = Vec::new();
    for number in 0..2 {
        pairs.push(Pair::start(Home::new(&format!("{name}{number}")), variables).await);
    }
    let front = Place::own().port();
    let balancer = Balancer::start(
        front,
        &[0, 1].map(|at: usize| pairs[at].home.address()),
        Reuse::Safe,
        Retries::Never,
    );
    let customers = Customers::start(front);
    for _ in 0..2 * rounds {
        let oldest = pairs.remove(0);
        pairs.push(oldest.restarted(signal, &customers).await);
    }
    let told = customers.leave().await;
    let balancer = balancer.stop();
    if signal == SIGTERM && !told.failed.is_empty() {
        println!("{balancer}");
    }
    let (mut placed, mut workers) = (BTreeSet::new(), Vec::new());
    for Pair { home, checkout, worker, .. } in pairs {
        checkout.stopped().await;
        home.has_handed_on_all();
        placed.extend(home.orders());
        workers.push(worker);
    }
    let database = PgPool::connect(postgres.1).await.expect("PostgreSQL answers");
    // If an order does not arrive in time, the books name it.
    let _ = tokio::time::timeout(TIMEOUT, async {
        while ids(&database, "SELECT id FROM orders").await.len() < placed.len() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    for worker in workers {
        worker.stopped().await;
    }
    let broker = lapin::Connection::connect(rabbitmq.1, ConnectionProperties::default()).await;
    let broker = broker.expect("RabbitMQ answers");
    let channel = broker.create_channel().await.expect("RabbitMQ answers");
    let books = Books::read(told, placed, &database, &channel).await;
    println!("{rounds} rounds of {name} for 2 checkouts and 2 workers\n{books}");
    broker.close(200, "bye".into()).await.expect("RabbitMQ answers");
    books
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rolling_restarts_of_the_pair_refuse_nobody_and_settle_what_was_acknowledged_once() {
    let books = restart_under_load("SIGTERM", SIGTERM).await;
    books.are_in_order();
    // Every request is answered with 201, so no order is settled without an acknowledgement, and no receipt is sent twice.
    assert!(books.told.failed.is_empty(), "{books}");
    assert_eq!(books.receipts.len(), books.settled.len(), "{books}");
}

/// SIGKILL leaves requests without an answer, and may send a receipt twice. An acknowledged order is settled once also
/// then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigkill_again_and_again_settles_what_was_acknowledged_once() {
    restart_under_load("SIGKILL", SIGKILL).await.are_in_order();
}
