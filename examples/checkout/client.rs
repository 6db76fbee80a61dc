//! A customer: places orders over HTTP, one after the other, and keeps what was acknowledged.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::connection::Connection;

/// What became of the requests.
#[derive(Default)]
pub(crate) struct Tally {
    /// The orders that were answered with 201.
    pub(crate) acknowledged: Vec<String>,
    /// Connections that were not accepted.
    pub(crate) refused: usize,
    /// Requests whose connection ended before an answer. Their orders may have been placed.
    pub(crate) unanswered: usize,
    /// Requests with another answer than 201.
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

/// Places orders until the shop is closed: on one connection while that lasts, or on a new one each.
pub(crate) async fn shop_till_closed(shop: SocketAddr, name: String, keep_alive: bool) -> Tally {
    let mut tally = Tally::default();
    let mut connection = None;
    for number in 0.. {
        let order = format!("{name}-{number}");
        let open = match connection.take() {
            Some(open) => Ok(open),
            None => Connection::open(shop).await,
        };
        let Ok(mut open) = open else {
            tally.refused += 1;
            break;
        };
        match open.request("PUT", &order, "one espresso").await {
            Ok(answer) => {
                match answer.status {
                    201 => tally.acknowledged.push(order),
                    _ => tally.turned_down += 1,
                }
                connection = (keep_alive && !answer.last).then_some(open);
            }
            Err(_) => tally.unanswered += 1,
        }
    }
    tally
}

/// Waits until the shop says that this order is settled.
pub(crate) async fn await_settled(shop: SocketAddr, order: &str) -> io::Result<()> {
    loop {
        let answer = Connection::open(shop).await?.request("GET", order, "").await?;
        if answer.body == "settled\n" {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
