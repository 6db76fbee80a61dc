//! A customer of the demo: places orders over HTTP and keeps the ids of those that were acknowledged.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use client::{Connection, Method, StatusCode};

/// What happened to the requests of the customers.
#[derive(Default)]
pub(crate) struct Tally {
    /// The ids of the orders that were answered with 201.
    pub(crate) acknowledged: Vec<String>,
    /// The number of connections that could not be opened.
    pub(crate) refused: usize,
    /// The number of requests without an answer. The service may have stored their orders.
    pub(crate) unanswered: usize,
    /// The number of requests with a status other than 201.
    pub(crate) turned_down: usize,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Tally) {
        self.acknowledged.extend(other.acknowledged);
        self.refused += other.refused;
        self.unanswered += other.unanswered;
        self.turned_down += other.turned_down;
    }
}

/// Places orders until the shop refuses a connection. With `keep_alive` the customer uses a connection again, as long as
/// the shop does not close it.
pub(crate) async fn place_orders(shop: SocketAddr, name: String, keep_alive: bool) -> Tally {
    let mut tally = Tally::default();
    let mut kept = None;
    for number in 0.. {
        let order = format!("{name}-{number}");
        let connection = match kept.take() {
            Some(connection) => Ok(connection),
            None => Connection::open(shop).await,
        };
        let Ok(mut connection) = connection else {
            tally.refused += 1;
            break;
        };
        match connection.request(Method::PUT, &format!("/orders/{order}"), "one espresso").await {
            Ok(answer) => {
                match answer.status {
                    StatusCode::CREATED => tally.acknowledged.push(order),
                    _ => tally.turned_down += 1,
                }
                kept = (keep_alive && !answer.closes).then_some(connection);
            }
            Err(_) => tally.unanswered += 1,
        }
    }
    tally
}

/// Waits until the shop says that this order is settled.
pub(crate) async fn wait_until_settled(shop: SocketAddr, order: &str) -> io::Result<()> {
    let path = format!("/orders/{order}");
    while Connection::open(shop).await?.request(Method::GET, &path, "").await?.body != "settled\n" {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
