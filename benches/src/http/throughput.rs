//! Requests per second, on kept and on new connections. The servers take turns in short slices.

use std::time::Duration;

use crate::load::{self, Style};
use crate::measure::{median, quantile};
use crate::row;
use crate::server::{ALL, AXUM, LIFECYCLE, Server};
use crate::table::{self, Goal};

const ROUNDS: usize = 120;
const SLICE: Duration = Duration::from_millis(100);

pub(crate) fn run() -> Vec<Goal> {
    let keep_alive = side_by_side(Style::KeepAlive, "kept connections");
    keep_alive.into_iter().chain(side_by_side(Style::Anew, "a connection a request")).collect()
}

fn side_by_side(style: Style, title: &str) -> Vec<Goal> {
    let servers = ALL.map(|kind| (Server::start(&kind), kind));
    let of = |name: &str| servers.iter().position(|(_, kind)| kind.name == name).expect("it takes part");
    let (axum, ours) = (of(AXUM.name), of(LIFECYCLE.name));
    let mut rates = [const { Vec::new() }; ALL.len()];
    let mut costs = [const { Vec::new() }; ALL.len()];
    for (server, _) in &servers {
        load::run(server.address, style, 5 * SLICE);
    }
    for round in 0..ROUNDS {
        for turn in 0..servers.len() {
            // Each round begins with another server.
            let at = (round + turn) % servers.len();
            let server = &servers[at].0;
            let busy = server.busy();
            let (answers, took) = load::run(server.address, style, SLICE);
            let answers = f64::from(answers);
            rates[at].push(answers / took.as_secs_f64());
            let cost = (server.busy() - busy).as_secs_f64() * 1e6 / answers;
            costs[at].push(if cost.is_finite() { cost } else { 0.0 });
        }
    }
    let ratios = |readings: &[Vec<f64>], at: usize| -> Vec<f64> {
        let ratios = readings[at].iter().zip(&readings[axum]).map(|(this, axum)| this / axum);
        // A slice in which a server got no processor time cannot be compared.
        ratios.filter(|ratio| ratio.is_finite()).collect()
    };
    let rows: Vec<[String; 7]> = (0..servers.len())
        .map(|at| {
            let over_axum = ratios(&rates, at);
            row![
                servers[at].1.name,
                format!("{:.0}", median(&rates[at])),
                format!("{:.3}", median(&over_axum)),
                format!("{:.3} to {:.3}", quantile(&over_axum, 0.25), quantile(&over_axum, 0.75)),
                format!("{:.2}", median(&costs[at])),
                format!("{:.3}", median(&ratios(&costs, at))),
                format!("{:.2}", quantile(&costs[at], 0.0))
            ]
        })
        .collect();
    table::print(
        &format!("requests, {title}: {ROUNDS} rounds, medians"),
        ["", "a second", "over axum", "quartiles", "CPU of the server, us", "over axum", "least"],
        &rows,
    );
    let ratio = median(&ratios(&rates, ours));
    let what = format!("requests a second, {title}: at least 0.99 of axum");
    vec![Goal::holds(what, format!("{ratio:.3} x"), ratio >= 0.99)]
}
