//! Customers of `checkout`, who place orders over HTTP one after the other, never try twice, and keep what they are
//! told.

#[path = "../../checkout/connection.rs"]
mod connection;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

pub(crate) use connection::{Answer, Connection};
use tokio::task::JoinSet;

/// Half of them keep their connection, the others take a new one for each order.
const CUSTOMERS: usize = 24;
/// How long somebody stays away who was not served, so that they do not keep the machine busy while nobody can be.
const ANNOYED: Duration = Duration::from_millis(20);

/// What they were told.
#[derive(Default)]
pub(crate) struct Told {
    /// The orders that were answered with 201.
    pub(crate) acknowledged: BTreeSet<String>,
    /// All others, and what happened instead. They may have been placed.
    pub(crate) failed: BTreeMap<String, String>,
}

/// Those who shop at the moment.
pub(crate) struct Customers {
    open: Arc<AtomicBool>,
    served: Arc<AtomicUsize>,
    tasks: JoinSet<Told>,
}

impl Customers {
    pub(crate) fn come(shop: SocketAddr) -> Customers {
        let (open, served) = (Arc::new(AtomicBool::new(true)), Arc::default());
        let mut tasks = JoinSet::new();
        for customer in 0..CUSTOMERS {
            let name = format!("customer{customer}");
            let keep_alive = customer % 2 == 0;
            tasks.spawn(order(shop, name, keep_alive, Arc::clone(&open), Arc::clone(&served)));
        }
        Customers { open, served, tasks }
    }

    /// How many orders have been acknowledged so far.
    pub(crate) fn served(&self) -> usize {
        self.served.load(Ordering::Relaxed)
    }

    /// They go home, each with the answer to what has been asked.
    pub(crate) async fn leave(mut self) -> Told {
        self.open.store(false, Ordering::Relaxed);
        let mut all = Told::default();
        while let Some(told) = self.tasks.join_next().await {
            let told = told.expect("a customer does not panic");
            all.acknowledged.extend(told.acknowledged);
            all.failed.extend(told.failed);
        }
        all
    }
}

async fn order(
    shop: SocketAddr,
    name: String,
    keep_alive: bool,
    open: Arc<AtomicBool>,
    served: Arc<AtomicUsize>,
) -> Told {
    let mut told = Told::default();
    let mut connection = None;
    for number in 0.. {
        if !open.load(Ordering::Relaxed) {
            break;
        }
        let order = format!("{name}-{number}");
        let failure = match place(shop, connection.take(), &order).await {
            Ok((answer, open)) => {
                connection = (keep_alive && !answer.last).then_some(open);
                if answer.status == 201 {
                    told.acknowledged.insert(order);
                    served.fetch_add(1, Ordering::Relaxed);
                    continue;
                }
                format!("status {}", answer.status)
            }
            Err(error) => format!("no answer: {error}"),
        };
        told.failed.insert(order, failure);
        tokio::time::sleep(ANNOYED).await;
    }
    told
}

async fn place(
    shop: SocketAddr,
    connection: Option<Connection>,
    order: &str,
) -> io::Result<(Answer, Connection)> {
    let mut connection = match connection {
        Some(connection) => connection,
        None => Connection::open(shop).await?,
    };
    let answer = connection.request("PUT", order, "one espresso").await?;
    Ok((answer, connection))
}
