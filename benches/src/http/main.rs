//! The cost of each server, and the requests that it loses when it stops. `cargo bench -p lifecycle-benches
//! --bench http` runs all benchmarks. `.. -- throughput races` runs the named ones.

mod client;
mod idle;
mod load;
#[expect(dead_code, reason = "the other benches measure other things too")]
#[path = "../measure.rs"]
mod measure;
mod poll;
mod races;
mod rss;
mod server;
#[path = "../table.rs"]
mod table;
mod throughput;
#[path = "../turns.rs"]
mod turns;
mod wake;

use table::Goal;

type Bench = (&'static str, fn() -> Vec<Goal>);

const BENCHES: [Bench; 6] = [
    ("throughput", throughput::run),
    ("rss", rss::run),
    ("poll", poll::run),
    ("wake", wake::run),
    ("idle", idle::run),
    ("races", races::run),
];

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --all-targets` starts this program without `--bench`, and does not need figures.
    if !asked.iter().any(|word| word == "--bench") {
        return;
    }
    // The servers inherit the limit.
    server::raise_open_files();
    let names: Vec<&str> = asked.iter().map(String::as_str).filter(|word| !word.starts_with("--")).collect();
    let goals: Vec<Goal> = BENCHES
        .iter()
        .filter(|(name, _)| names.is_empty() || names.contains(name))
        .flat_map(|(_, run)| run())
        .collect();
    table::goals(&goals);
}
