//! Customers of `checkout`. Each places one order after the other over HTTP and sends each request once.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use client::{Answer, Connection, Method, StatusCode};
use tokio::task::JoinSet;

/// The number of customers. Half of them keep their connection, the others open one for each order.
const CUSTOMERS: usize = 24;
/// The time between a failed request and the next one, so that failures do not keep the machine busy.
const BACKOFF: Duration = Duration::from_millis(20);

/// What the customers were told.
#[derive(Debug, Default)]
pub struct Told {
    /// The ids of the orders that were answered with 201.
    pub acknowledged: BTreeSet<String>,
    /// The ids of all other orders, each with the reason. The shop may have stored these orders.
    pub failed: BTreeMap<String, String>,
}

/// Customers that are placing orders.
#[derive(Debug)]
pub struct Customers {
    open: Arc<AtomicBool>,
    served: Arc<AtomicUsize>,
    tasks: JoinSet<Told>,
}

impl Customers {
    /// Starts the customers.
    pub fn start(shop: SocketAddr) -> Customers {
        let (open, served) = (Arc::new(AtomicBool::new(true)), Arc::default());
        let mut tasks = JoinSet::new();
        for number in 0..CUSTOMERS {
            let customer = Customer {
                shop,
                name: format!("customer{number}"),
                keep_alive: number % 2 == 0,
                open: Arc::clone(&open),
                served: Arc::clone(&served),
            };
            tasks.spawn(customer.place_orders());
        }
        Customers { open, served, tasks }
    }

    /// Returns the number of orders that have been acknowledged.
    pub fn served(&self) -> usize {
        self.served.load(Ordering::Relaxed)
    }

    /// Ends the customers after the answers to their last requests.
    ///
    /// # Panics
    ///
    /// A customer has panicked.
    pub async fn leave(mut self) -> Told {
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

struct Customer {
    shop: SocketAddr,
    name: String,
    keep_alive: bool,
    open: Arc<AtomicBool>,
    served: Arc<AtomicUsize>,
}

impl Customer {
    async fn place_orders(self) -> Told {
        let mut told = Told::default();
        let mut kept = None;
        for number in 0.. {
            if !self.open.load(Ordering::Relaxed) {
                break;
            }
            let order = format!("{}-{number}", self.name);
            let failure = match self.place(kept.take(), &order).await {
                Ok((answer, connection)) => {
                    kept = (self.keep_alive && !answer.closes).then_some(connection);
                    if answer.status == StatusCode::CREATED {
                        told.acknowledged.insert(order);
                        self.served.fetch_add(1, Ordering::Relaxed);
                        continue;
                    }
                    format!("status {}", answer.status)
                }
                Err(error) => format!("no answer: {error}"),
            };
            told.failed.insert(order, failure);
            tokio::time::sleep(BACKOFF).await;
        }
        told
    }

    async fn place(&self, kept: Option<Connection>, order: &str) -> io::Result<(Answer, Connection)> {
        let mut connection = match kept {
            Some(connection) => connection,
            None => Connection::open(self.shop).await?,
        };
        let answer = connection.request(Method::PUT, &format!("/orders/{order}"), "one espresso").await?;
        Ok((answer, connection))
    }
}
