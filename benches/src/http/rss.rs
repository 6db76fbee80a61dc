//! The memory of an idle connection that has been answered once.

use crate::client::answered;
use crate::measure::{median, quantile};
use crate::row;
use crate::server::{ALL, LIFECYCLE, PLAIN, Server};
use crate::table::{self, Goal};

const CONNECTIONS: u16 = 10_000;
const RUNS: usize = 3;

pub(crate) fn run() -> Vec<Goal> {
    let mut bytes = [const { Vec::new() }; ALL.len()];
    for _ in 0..RUNS {
        for (kind, bytes) in ALL.iter().zip(&mut bytes) {
            let server = Server::start(kind);
            drop(answered(server.address, 100));
            let before = server.resident();
            let idle = answered(server.address, usize::from(CONNECTIONS));
            bytes.push((server.resident() - before) / f64::from(CONNECTIONS));
            // The server ends first, because it would otherwise work on the closing connections.
            drop(server);
            drop(idle);
        }
    }
    let of = |name: &str| {
        let at = ALL.iter().position(|kind| kind.name == name).expect("it takes part");
        median(&bytes[at])
    };
    let plain = of(PLAIN.name);
    let rows: Vec<[String; 4]> = ALL
        .iter()
        .zip(&bytes)
        .map(|(kind, bytes)| {
            row![
                kind.name,
                format!("{:.0}", median(bytes)),
                format!("{:.0} to {:.0}", quantile(bytes, 0.0), quantile(bytes, 1.0)),
                format!("{:+.0}", median(bytes) - plain)
            ]
        })
        .collect();
    table::print(
        "10,000 idle connections: bytes resident, of each",
        ["", "median", "range", "over hyper's own"],
        &rows,
    );
    vec![Goal::at_most(
        "memory of an idle connection over hyper's own",
        300.0,
        of(LIFECYCLE.name) - plain,
        "B",
    )]
}
