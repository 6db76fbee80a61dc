//! The auditor of the demo: compares what the service has stored with what its customers were told.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::process::ExitStatus;

use rusqlite::{Connection, OptionalExtension as _};

use crate::customer::Tally;

/// The result of an audit.
pub(crate) struct Audit {
    status: ExitStatus,
    acknowledged: usize,
    turned_down: usize,
    refused: usize,
    unanswered: usize,
    found: usize,
    /// The orders that were acknowledged and are not in the database.
    lost: Vec<String>,
    settled: usize,
    /// The orders in the database that are not settled yet.
    pub(crate) left: Vec<String>,
    /// The number of settled orders without a line in the journal.
    missing: usize,
    /// The number of lines that are in the journal twice, or without a settled order.
    surplus: usize,
    /// Whether the database knows the length of the journal, and the length is right.
    closed: bool,
}

impl Audit {
    /// Reads the folder of a service that has ended.
    pub(crate) fn of(folder: &Path, tally: &Tally, status: ExitStatus) -> anyhow::Result<Audit> {
        let (orders, length) = read(&folder.join("orders.sqlite"))?;
        let journal = std::fs::read_to_string(folder.join("journal.txt"))?;
        let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
        for line in journal.lines() {
            *lines.entry(line.trim_start_matches("settled ")).or_default() += 1;
        }
        let (settled, left): (Vec<_>, Vec<_>) = orders.iter().partition(|order| order.settled);
        let found: BTreeSet<&String> = orders.iter().map(|order| &order.id).collect();
        let lost = tally.acknowledged.iter().filter(|id| !found.contains(id)).cloned();
        let in_journal = settled.iter().filter(|order| lines.contains_key(&*order.id)).count();
        Ok(Audit {
            status,
            acknowledged: tally.acknowledged.len(),
            turned_down: tally.turned_down,
            refused: tally.refused,
            unanswered: tally.unanswered,
            found: found.len(),
            lost: lost.collect(),
            missing: settled.len() - in_journal,
            surplus: lines.values().sum::<usize>() - in_journal,
            settled: settled.len(),
            left: left.into_iter().map(|order| order.id.clone()).collect(),
            closed: length == i64::try_from(journal.len()).ok(),
        })
    }

    /// Whether every promise is kept: no order is lost, every request is answered, and the exit is clean.
    pub(crate) fn is_clean(&self) -> bool {
        // A shop that takes no order could not lose one.
        self.acknowledged > 0
            && self.unanswered == 0
            && self.lost.is_empty()
            && self.missing == 0
            && self.surplus == 0
            && self.closed
            && self.status.success()
    }
}

/// An order in the database.
struct Order {
    id: String,
    settled: bool,
}

/// Reads the orders, and the length of the complete journal.
fn read(database: &Path) -> rusqlite::Result<(Vec<Order>, Option<i64>)> {
    let database = Connection::open(database)?;
    let mut orders = database.prepare("SELECT id, state = 'settled' FROM orders")?;
    let orders = orders.query_map([], |row| Ok(Order { id: row.get(0)?, settled: row.get(1)? }))?;
    let length = database.query_row("SELECT bytes FROM journal", [], |row| row.get(0)).optional()?;
    Ok((orders.collect::<rusqlite::Result<_>>()?, length))
}

impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  {}", self.status)?;
        writeln!(
            f,
            "  orders acknowledged   {:>6}   {} turned down, {} connections refused",
            self.acknowledged, self.turned_down, self.refused
        )?;
        writeln!(f, "  requests unanswered   {:>6}", self.unanswered)?;
        writeln!(f, "  orders found          {:>6}", self.found)?;
        let lost = match &*self.lost {
            [] => String::new(),
            [first, ..] => format!("   for example {first}"),
        };
        writeln!(f, "  orders lost           {:>6}{lost}", self.lost.len())?;
        writeln!(
            f,
            "  settled               {:>6}   {} not in the journal, {} in it too often",
            self.settled, self.missing, self.surplus
        )?;
        writeln!(f, "  left to settle        {:>6}", self.left.len())?;
        let closed = if self.closed { "closed" } else { "not closed: lines are missing" };
        writeln!(f, "  journal               {closed}")
    }
}
