//! Requests that the stop meets on their way: how many are not answered.

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
/// Longer than any server lingers.
const QUIET: Duration = Duration::from_millis(300);

/// Where the requests are when the signal comes.
#[derive(Clone, Copy)]
enum Race {
    /// The kernel has let the connections in, and the server has not: it is frozen.
    Queue,
    /// In the kernel, on connections that were idle: the server is frozen.
    Frozen,
    /// Written on idle connections right before the signal.
    Before,
    /// The signal comes when half of them are written, and the others are all the same: those may be too late for any
    /// server.
    Across,
}

const RACES: [(&str, Race); 4] = [
    ("in the accept queue", Race::Queue),
    ("in the kernel, kept connections", Race::Frozen),
    ("written right before", Race::Before),
    ("half before, half after", Race::Across),
];

/// How many of the requests were lost.
fn lost(kind: &Kind, race: Race) -> u32 {
    let server = Server::start(kind);
    let mut clients = Vec::new();
    if let Race::Queue = race {
        // What a server does once is done.
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
        // Where the connection is closed already there is no answer either.
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
