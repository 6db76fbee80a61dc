//! The compile time of the macros. `cargo bench -p lifecycle-benches --bench compile_time` runs all
//! benchmarks. `.. -- check build starts cold` runs the named ones. `keep` leaves the generated crates on disk, and
//! prints their folder.
//!
//! Each crate has two versions: with attributes, and with equivalent impls by hand. The benchmark compiles
//! them in turn, and counts the least processor time of each, because other programs use the machine too.

mod cargo;
mod crates;
mod starts;
#[expect(dead_code, reason = "the other benches have goals of other kinds")]
#[path = "../table.rs"]
mod table;

use cargo::Cargo;
use crates::{Shape, Style};
use starts::Wiring;
use table::Goal;

const ROUNDS: usize = 3;

/// The number of structs, and whether each struct depends on the one before it.
const SHAPES: [Shape; 6] = [
    Shape::wide(1),
    Shape::wide(100),
    Shape::wide(1_000),
    Shape::chain(100),
    Shape::chain(500),
    Shape::chain(1_000),
];

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --all-targets` starts this program without `--bench`, and does not need figures.
    if !asked.iter().any(|word| word == "--bench") {
        return;
    }
    let is_asked = |name: &str| {
        let mut names =
            asked.iter().filter(|word| ["check", "build", "starts", "cold"].contains(&word.as_str()));
        names.clone().next().is_none() || names.any(|word| word == name)
    };
    let folder = std::env::temp_dir().join(format!("lifecycle-compile-time-{}", std::process::id()));
    let cargo = Cargo::new(&folder);
    let mut goals = Vec::new();
    for verb in ["check", "build"] {
        if is_asked(verb) {
            goals.extend(structs(&cargo, verb));
        }
    }
    if is_asked("starts") {
        starts(&cargo);
    }
    if is_asked("cold") {
        goals.push(cold(&cargo));
    }
    if asked.iter().any(|word| word == "keep") {
        println!("\n{}", folder.display());
    } else {
        std::fs::remove_dir_all(&folder).expect("a folder of our own");
    }
    table::goals(&goals);
}

/// Compiles each shape with attributes and by hand.
fn structs(cargo: &Cargo, verb: &str) -> Vec<Goal> {
    let mut rows = Vec::new();
    let mut goals = Vec::new();
    let mut hundred = None;
    let fits = |shape: &Shape| verb == "check" || shape.can_be_debugged();
    for shape in SHAPES.into_iter().filter(fits) {
        let by_hand = cargo.write(&shape.name(Style::ByHand), &shape.source(Style::ByHand));
        let annotated = cargo.write(&shape.name(Style::Annotated), &shape.source(Style::Annotated));
        let (mut hand, mut ours) = (f64::INFINITY, f64::INFINITY);
        for _ in 0..ROUNDS {
            hand = hand.min(cargo.again(verb, &by_hand));
            ours = ours.min(cargo.again(verb, &annotated));
        }
        rows.push(row![shape, format!("{hand:.2}"), format!("{ours:.2}"), format!("{:.2}", ours / hand)]);
        if verb == "check" && shape.count == 1_000 {
            let what = format!("check of {shape}, over impls by hand");
            goals.push(Goal::at_most(what, 1.5, ours / hand, "times"));
            let hundred = hundred.expect("the smaller shape comes first");
            let what = format!("check of {shape}, over ten times 100");
            goals.push(Goal::at_most(what, 1.1, ours / hundred / 10.0, "times"));
        }
        if shape.count == 100 {
            hundred = Some(ours);
        }
    }
    let title = format!("cargo {verb}: processor seconds, least of {ROUNDS}");
    table::print(&title, ["", "by hand", "annotated", "times"], &rows);
    goals
}

/// Compiles resources with starts, and the same resources wired by hand.
fn starts(cargo: &Cargo) {
    let mut rows = Vec::new();
    for (name, chain) in [("100 starts, each after one", false), ("100 starts in a chain", true)] {
        let folder = if chain { "chain" } else { "wide" };
        let [hand, ours] = [Wiring::ByHand, Wiring::Starts].map(|wiring| {
            cargo.write(
                &format!("starts_{folder}_{wiring:?}").to_lowercase(),
                &starts::source(100, chain, wiring),
            )
        });
        let mut least = [f64::INFINITY; 2];
        for _ in 0..ROUNDS {
            for (least, krate) in least.iter_mut().zip([&hand, &ours]) {
                *least = least.min(cargo.again("check", krate));
            }
        }
        let [hand, ours] = least;
        rows.push(row![name, format!("{hand:.2}"), format!("{ours:.2}"), format!("{:.2}", ours / hand)]);
    }
    let title = format!("cargo check of starts: processor seconds, least of {ROUNDS}");
    table::print(&title, ["", "wired by hand", "with starts", "times"], &rows);
}

/// Compiles a hello world without any compiled dependency.
fn cold(cargo: &Cargo) -> Goal {
    let bare = cargo.write("hello_bare", include_str!("../bin/hello_bare.rs"));
    let ours = cargo.write("hello_lifecycle", include_str!("../bin/hello_lifecycle.rs"));
    let mut least = [f64::INFINITY; 2];
    for _ in 0..ROUNDS - 1 {
        for (least, krate) in least.iter_mut().zip([&bare, &ours]) {
            *least = least.min(cargo.cold(krate));
        }
    }
    let [bare, ours] = least;
    let rows = [
        row!["bare tokio", format!("{bare:.2}"), "1.00"],
        row!["lifecycle", format!("{ours:.2}"), format!("{:.2}", ours / bare)],
    ];
    table::print("cold build of a hello world: processor seconds", ["", "all crates", "times"], &rows);
    Goal::at_most("cold build of a hello world, over bare tokio", 1.3, ours / bare, "times")
}
