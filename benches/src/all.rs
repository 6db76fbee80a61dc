//! Compares this crate with its alternatives. `cargo bench -p lifecycle-benches` runs all benchmarks. `.. --
//! teardown passes` runs the named ones.

mod cells;
mod child;
mod dag;
mod exit;
mod measure;
mod observers;
mod passes;
mod peer;
mod size;
mod starts;
mod startup;
mod table;
mod teardown;
mod turns;

use table::Goal;

type Bench = (&'static str, fn() -> Vec<Goal>);

const BENCHES: [Bench; 8] = [
    ("teardown", teardown::run),
    ("starts", starts::run),
    ("passes", passes::run),
    ("startup", startup::run),
    ("exit", exit::run),
    ("observers", observers::run),
    ("cells", cells::run),
    ("size", size::run),
];

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --all-targets` starts this program without `--bench`, and does not need figures.
    if !asked.iter().any(|word| word == "--bench") {
        return;
    }
    let names: Vec<&str> = asked.iter().map(String::as_str).filter(|word| !word.starts_with("--")).collect();
    let goals: Vec<Goal> = BENCHES
        .iter()
        .filter(|(name, _)| names.is_empty() || names.contains(name))
        .flat_map(|(_, run)| run())
        .collect();
    table::goals(&goals);
}
