//! The clients of a restart, and what they require.

use std::net::SocketAddr;
use std::time::Duration;

use lifecycle::assert_lost;
use lifecycle::testing::{Clients, Load, Outcome, Tally};

/// The connections of 24 clients. They send the next request when they have the last response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connections {
    /// A client uses its connection until the server closes it. Half of the clients pause for up to 10 ms.
    Kept,
    /// A client opens a connection for each request.
    New,
}

impl Connections {
    /// Configures the clients of the service at `address`. They detect a response to another request.
    pub fn to(self, address: SocketAddr) -> Clients {
        let clients = Load::on(address).paths(|client, request| format!("/{client}/{request}"));
        // The body is `PID TARGET`.
        let clients = clients.check(|asked, response| {
            let text = response.text();
            let by = text.strip_suffix(&asked.path).filter(|_| response.status == 200);
            by.map(|by| Some(by.trim_end().to_owned()))
                .ok_or_else(|| format!("{}: `{text}`", response.status))
        });
        match self {
            Connections::Kept => clients.pause(Duration::from_millis(10)),
            Connections::New => clients.new_connections(),
        }
    }
}

/// Requires that every request of `scenario` was answered or had one of these outcomes, and prints their number.
#[track_caller]
pub fn only(tally: &Tally, allowed: &[Outcome], scenario: &str) {
    println!("{scenario}: {tally}");
    assert_lost!(tally, 0, except = allowed);
    assert!(tally.answers() > 0, "no answer at all: {tally}");
}
