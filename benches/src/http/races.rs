//! Requests that are on their way when the stop begins: the number without a response.

use std::thread::sleep;
use std::time::Duration;

use rustix::process::Signal;

use crate::client::{Client, answered};
use crate::measure::{median, quantile};
use crate::row;
use crate::server::{GRACEFUL, Kind, LIFECYCLE, Server};
use crate::table::{self, Goal};

const CLIENTS: usize = 100;
const RUNS: usize = 20;
/// A pause that is longer than the linger of any server.
const QUIET: Duration = Duration::from_millis(300);

/// The place of the requests when the signal arrives.
#[derive(Clone, Copy)]
enum Race {
    /// In the accept queue. The server is frozen.
    Queue,
    /// In the kernel, on idle connections. The server is frozen.
    Frozen,
    /// Written on idle connections immediately before the signal.
    Before,
    /// Half of the requests are written before the signal, and the other half after it. The second half may
    /// be too late for any server.
    Across,
}

const RACES: [(&str, Race); 4] = [
    ("in the accept queue", Race::Queue),
    ("in the kernel, kept connections", Race::Frozen),
    ("written right before", Race::Before),
    ("half before, half after", Race::Across),
];

/// Returns the number of lost requests.
fn lost(kind: &Kind, race: Race) -> u32 {
    let server = Server::start(kind);
    let mut clients = Vec::new();
    if let Race::Queue = race {
        // One request completes the server's first-time work.
        drop(answered(server.address, 1));
        server.signal(Signal::STOP);
        clients.extend((0..CLIENTS).map(|_| Client::connect(server.address)));
    } else {
        clients = answered(server.address, CLIENTS);
        sleep(QUIET);
    }
    if let Race::Frozen = race {
        server.signal(Signal::STOP);
    }
    for (at, client) in clients.iter_mut().enumerate() {
        if let (Race::Across, true) = (race, at == CLIENTS / 2) {
            server.signal(Signal::TERM);
        }
        // A connection that is already closed gets no response either.
        let _ = client.ask();
    }
    match race {
        Race::Queue | Race::Frozen => {
            server.signal(Signal::TERM);
            server.signal(Signal::CONT);
        }
        Race::Before => server.signal(Signal::TERM),
        Race::Across => {}
    }
    clients.iter_mut().map(|client| u32::from(!client.hear())).sum()
}

pub(crate) fn run() -> Vec<Goal> {
    let mut goals = Vec::new();
    let mut rows = Vec::new();
    for (name, race) in RACES {
        let mut counts = [const { Vec::new() }; GRACEFUL.len()];
        for _ in 0..RUNS {
            for (kind, counts) in GRACEFUL.iter().zip(&mut counts) {
                counts.push(lost(kind, race));
            }
        }
        for (kind, counts) in GRACEFUL.iter().zip(&counts) {
            let total: u32 = counts.iter().sum();
            rows.push(row![
                name,
                kind.name,
                total,
                median(counts),
                quantile(counts, 1.0),
                counts.iter().filter(|lost| **lost > 0).count()
            ]);
            if kind.name == LIFECYCLE.name && !matches!(race, Race::Across) {
                let figure = format!("{total} of {}", CLIENTS * RUNS);
                goals.push(Goal::holds(format!("nothing lost, {name}"), figure, total == 0));
            }
        }
    }
    table::print(
        &format!("requests lost, of {CLIENTS}, in {RUNS} runs"),
        ["where", "", "in all", "median", "most", "runs with a loss"],
        &rows,
    );
    goals
}
