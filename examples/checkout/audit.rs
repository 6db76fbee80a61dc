//! The auditor: reads what a service that is gone has kept, and compares it with what its customers were told.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::process::ExitStatus;

use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use crate::client::Tally;

/// What the books say.
pub(crate) struct Audit {
    status: ExitStatus,
    acknowledged: usize,
    turned_away: String,
    /// Sent on a connection that was accepted, and no answer came.
    unanswered: usize,
    found: usize,
    /// Acknowledged, and not in the database.
    lost: Vec<String>,
    settled: usize,
    /// In the database, and still to be settled.
    pub(crate) left: Vec<String>,
    /// Settled without a line in the journal.
    missing: usize,
    /// In the journal twice, or without being settled.
    surplus: usize,
    /// The database knows how far the journal reaches, and that is how far it reaches.
    closed: bool,
}

impl Audit {
    pub(crate) async fn of(folder: &Path, tally: &Tally, status: ExitStatus) -> anyhow::Result<Audit> {
        let mut database =
            SqliteConnectOptions::new().filename(folder.join("orders.sqlite")).connect().await?;
        let orders: Vec<(String, bool)> =
            sqlx::query_as("SELECT id, state = 'settled' FROM orders").fetch_all(&mut database).await?;
        let noted: Option<i64> =
            sqlx::query_scalar("SELECT bytes FROM journal").fetch_optional(&mut database).await?;

        let journal = tokio::fs::read_to_string(folder.join("journal.txt")).await?;
        let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
        for line in journal.lines() {
            *lines.entry(line.trim_start_matches("settled ")).or_default() += 1;
        }
        let (settled, left): (Vec<_>, Vec<_>) = orders.iter().partition(|(_, settled)| *settled);
        let found: BTreeSet<&String> = orders.iter().map(|(id, _)| id).collect();
        let lost = tally.acknowledged.iter().filter(|id| !found.contains(id)).cloned();
        let in_journal = settled.iter().filter(|(id, _)| lines.contains_key(&**id)).count();
        Ok(Audit {
            status,
            acknowledged: tally.acknowledged.len(),
            turned_away: format!("{} turned down, {} connections refused", tally.turned_down, tally.refused),
            unanswered: tally.unanswered,
            found: found.len(),
            lost: lost.collect(),
            missing: settled.len() - in_journal,
            surplus: lines.values().sum::<usize>() - in_journal,
            settled: settled.len(),
            left: left.into_iter().map(|(id, _)| id.clone()).collect(),
            closed: noted == i64::try_from(journal.len()).ok(),
        })
    }

    /// Nothing that was promised is missing, nobody was left without an answer, and the service left of itself.
    pub(crate) fn is_clean(&self) -> bool {
        // Nobody is served well by a shop that takes no orders.
        let open = self.acknowledged > 0;
        open && self.unanswered == 0
            && self.lost.is_empty()
            && self.missing == 0
            && self.surplus == 0
            && self.closed
            && self.status.success()
    }
}

impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  {}", self.status)?;
        writeln!(f, "  orders acknowledged   {:>6}   {}", self.acknowledged, self.turned_away)?;
        writeln!(f, "  requests unanswered   {:>6}", self.unanswered)?;
        writeln!(f, "  orders found          {:>6}", self.found)?;
        let lost = match &*self.lost {
            [] => String::new(),
            [first, ..] => format!("   {first} is one"),
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
