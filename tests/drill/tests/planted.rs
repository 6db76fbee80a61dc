//! A drill of a copy of `checkout`: the healthy copy passes, and each of ten planted faults is found.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::mpsc;

use lifecycle::testing::{Case, DrillRun, Load, Matrix, Program, Stopped, drill_program};
use rusqlite::Connection;
use tempfile::TempDir;

/// Drills the copy, with this fault.
fn drill(fault: Option<&'static str>, only: Option<&'static str>) -> Matrix {
    let shop = move || {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let mut program = Program::new(env!("CARGO_BIN_EXE_shop")).arg(folder.path()).grace("2s");
        if let Some(fault) = fault {
            program = program.env("FAULT", fault);
        }
        let (acknowledged, orders) = mpsc::channel();
        let load = move |address| {
            let load = Load::on(address).clients(4).per_second(200).method("PUT");
            let load = load.paths(|client, request| format!("/orders/{client}-{request}"));
            let load = load.check(move |asked, _| {
                let _ = acknowledged.send(asked.path.clone());
                Ok(None)
            });
            load.start()
        };
        DrillRun::of(program.address("LISTEN").ready_at_probe("/readyz"))
            .load(|service| load(service.socket_address()))
            .check("the books", move |stopped| audit(&folder, orders.iter(), stopped))
    };
    let is_chosen = move |case: &Case| only.is_none_or(|only| case.to_string() == only);
    drill_program(shop).parallel(6).only(is_chosen).run()
}

/// Compares what the customers were told with what the shop has stored.
fn audit(
    folder: &TempDir,
    acknowledged: impl Iterator<Item = String>,
    stopped: &Stopped,
) -> Result<(), String> {
    let books = Books::read(folder.path()).map_err(|error| error.to_string())?;
    let acknowledged = acknowledged.map(|path| path.trim_start_matches("/orders/").to_owned());
    let lost: Vec<String> = acknowledged.filter(|id| !books.stored.contains(id)).collect();
    if let Some(first) = lost.first() {
        return Err(format!("{} orders were acknowledged and are lost, such as {first}", lost.len()));
    }
    let missing: Vec<&String> = books.settled.difference(&books.lines).collect();
    match (books.is_complete, missing.first()) {
        (true, Some(first)) => {
            Err(format!("{} settled orders are not in the journal, such as {first}", missing.len()))
        }
        (false, _) if stopped.status.success() => {
            Err("the exit status is 0, and the journal is not complete".to_owned())
        }
        _ => Ok(()),
    }
}

/// What is in the folder of a shop.
struct Books {
    stored: BTreeSet<String>,
    settled: BTreeSet<String>,
    /// The orders in the journal.
    lines: BTreeSet<String>,
    /// Whether the journal has the length that the database knows.
    is_complete: bool,
}

impl Books {
    fn read(folder: &Path) -> Result<Books, Box<dyn std::error::Error>> {
        let database = Connection::open(folder.join("orders.sqlite"))?;
        let ids = |select| -> rusqlite::Result<BTreeSet<String>> {
            let mut select = database.prepare(select)?;
            select.query_map([], |row| row.get(0))?.collect()
        };
        let journal = std::fs::read_to_string(folder.join("journal.txt"))?;
        let length: rusqlite::Result<i64> =
            database.query_row("SELECT bytes FROM journal", [], |row| row.get(0));
        Ok(Books {
            stored: ids("SELECT id FROM orders")?,
            settled: ids("SELECT id FROM orders WHERE state = 'settled'")?,
            lines: journal.lines().map(|line| line.trim_start_matches("settled ").to_owned()).collect(),
            is_complete: length.is_ok_and(|length| i64::try_from(journal.len()) == Ok(length)),
        })
    }
}

#[test]
fn r38_the_healthy_copy_passes_every_run() {
    let matrix = drill(None, None);
    println!("{matrix}");
    matrix.assert_holds();
    // Three instances with five faults, the run without a fault, and a second signal in four stages.
    assert_eq!(matrix.runs().len(), 3 * 5 + 1 + 4);
}

/// Each planted fault, a run that shows it, and what the drill says.
const PLANTED: [(&str, &str, &str); 10] = [
    ("waits-in-a-circle", "error at `Journal`", "`Database`"),
    ("asks-forever", "error at `Journal`", "`Database`"),
    ("closed-under-its-user", "slow at `Journal`", "Meanwhile `Database` ended, and no edge orders them"),
    ("swallows-the-error", "slow at `Journal`", "the exit status is 0, and the journal is not complete"),
    ("stores-after-the-answer", "second signal in the lame duck", "orders were acknowledged and are lost"),
    ("marks-before-the-work", "second signal in the lame duck", "settled orders are not in the journal"),
    ("outlives-the-drain", "slow at `Telemetry`", "no thread panics"),
    ("panics-after-a-failure", "error at `Journal`", "the journal is complete"),
    ("exits-by-itself", "hang at `Journal`", "without a report"),
    ("blocks-the-thread", "error at `Journal`", "`Database`"),
];

/// The usual run drills each fault with the run that shows it. A soak drills it with all runs.
#[test]
fn r38_each_of_ten_planted_faults_is_found() {
    let all = std::env::var_os("LIFECYCLE_SOAK").is_some();
    let drills = PLANTED.map(|(fault, case, said)| {
        (fault, case, said, std::thread::spawn(move || drill(Some(fault), (!all).then_some(case))))
    });
    let mut wrong = Vec::new();
    for (fault, case, said, drill) in drills {
        let matrix = drill.join().expect("the drill runs");
        println!("=== {fault}\n{matrix}");
        let sentences = |wanted: &str| -> Vec<String> {
            let of_case = matrix.breaches().iter().filter(|breach| breach.case.to_string() == wanted);
            of_case.map(ToString::to_string).collect()
        };
        if !sentences(case).iter().any(|breach| breach.contains(said)) {
            wrong.push(format!("{fault} is not found"));
        }
        if !sentences("no fault").is_empty() {
            wrong.push(format!("{fault} is found by a stop alone"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}
