//! The time from SIGTERM to the exit with idle connections, each of which has been answered once.

use std::thread::sleep;
use std::time::Duration;

use crate::client::answered;
use crate::measure::{median, millis, quantile};
use crate::row;
use crate::server::{GRACEFUL, LIFECYCLE, Server};
use crate::table::{self, Goal};

const CONNECTIONS: usize = 5_000;
const RUNS: usize = 9;
/// A pause that is longer than the linger of any server.
const QUIET: Duration = Duration::from_millis(300);

pub(crate) fn run() -> Vec<Goal> {
    let mut times = [const { Vec::new() }; GRACEFUL.len()];
    for round in 0..RUNS {
        for turn in 0..GRACEFUL.len() {
            let at = (round + turn) % GRACEFUL.len();
            let server = Server::start(&GRACEFUL[at]);
            let idle = answered(server.address, CONNECTIONS);
            sleep(QUIET);
            times[at].push(millis(server.stop()));
            drop(idle);
        }
    }
    let rows: Vec<[String; 4]> = GRACEFUL
        .iter()
        .zip(&times)
        .map(|(kind, times)| {
            row![
                kind.name,
                format!("{:.1}", median(times)),
                format!("{:.1}", quantile(times, 0.0)),
                format!("{:.1}", quantile(times, 1.0))
            ]
        })
        .collect();
    table::print("SIGTERM to exit, 5,000 idle connections: ms", ["", "median", "least", "most"], &rows);
    let named = || GRACEFUL.iter().zip(&times);
    let ours = named().find(|(kind, _)| kind.name == LIFECYCLE.name).map(|(_, times)| median(times));
    let peers = named().filter(|(kind, _)| kind.name != LIFECYCLE.name).map(|(_, times)| median(times));
    let fastest = peers.fold(f64::INFINITY, f64::min);
    vec![Goal::at_most(
        "exit with 5,000 idle connections over the fastest peer",
        1.0,
        ours.expect("it takes part") / fastest,
        "x",
    )]
}
