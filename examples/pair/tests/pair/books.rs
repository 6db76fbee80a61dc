//! The numbers of a run: what the customers were told, and what the servers have.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use harness::Told;
use lapin::Channel;
use lapin::options::{BasicGetOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgPool;

/// What the customers were told, and what the servers have after all processes have ended.
pub(crate) struct Books {
    pub(crate) told: Told,
    /// The orders in the folders of the checkouts.
    placed: BTreeSet<String>,
    /// The orders in PostgreSQL.
    pub(crate) settled: BTreeSet<String>,
    /// The receipts in the outbox that are sent.
    sent: Vec<String>,
    /// The receipts in the outbox that are not sent.
    unsent: Vec<String>,
    /// The receipts at RabbitMQ.
    pub(crate) receipts: Vec<String>,
    /// The number of orders that are left at RabbitMQ.
    left: u32,
}

impl Books {
    pub(crate) async fn read(
        told: Told,
        placed: BTreeSet<String>,
        postgres: &PgPool,
        rabbitmq: &Channel,
    ) -> Books {
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let left = rabbitmq.queue_declare("orders".into(), passive, FieldTable::default()).await;
        let mut receipts = Vec::new();
        let options = BasicGetOptions { no_ack: true };
        while let Some(message) =
            rabbitmq.basic_get("receipts".into(), options).await.expect("RabbitMQ answers")
        {
            receipts.push(String::from_utf8(message.delivery.data).expect("a receipt is UTF-8"));
        }
        Books {
            told,
            placed,
            settled: ids(postgres, "SELECT id FROM orders").await.into_iter().collect(),
            sent: ids(postgres, "SELECT receipt FROM outbox WHERE sent").await,
            unsent: ids(postgres, "SELECT receipt FROM outbox WHERE NOT sent").await,
            receipts,
            left: left.expect("the worker has created the queue").message_count(),
        }
    }

    /// Returns the orders that were acknowledged and are not settled.
    fn lost(&self) -> Vec<&String> {
        self.told.acknowledged.difference(&self.settled).collect()
    }

    /// Returns the orders that are settled and that no customer has asked for.
    fn invented(&self) -> Vec<&String> {
        let surplus = self.settled.difference(&self.told.acknowledged);
        surplus.filter(|order| !self.told.failed.contains_key(*order)).collect()
    }

    /// Checks that every acknowledged order is settled once, with one receipt, and that the receipt is sent.
    #[track_caller]
    pub(crate) fn are_in_order(&self) {
        assert!(self.lost().is_empty() && self.invented().is_empty(), "{self}");
        assert!(self.settled == self.placed, "{self}");
        assert_eq!((self.unsent.len(), self.left), (0, 0), "{self}");
        assert_eq!(self.sent.len(), self.settled.len(), "{self}");
        for receipts in [&self.sent, &self.receipts] {
            assert!(receipts.iter().cloned().collect::<BTreeSet<_>>() == self.settled, "{self}");
        }
    }
}

impl fmt::Display for Books {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Told { acknowledged, failed } = &self.told;
        writeln!(f, "  orders acknowledged   {:>6}", acknowledged.len())?;
        let mut kinds: BTreeMap<&String, usize> = BTreeMap::new();
        for kind in failed.values() {
            *kinds.entry(kind).or_default() += 1;
        }
        writeln!(f, "  requests that failed  {:>6}   {kinds:?}", failed.len())?;
        writeln!(f, "  orders placed         {:>6}", self.placed.len())?;
        writeln!(f, "  orders settled        {:>6}   {} left in the queue", self.settled.len(), self.left)?;
        writeln!(f, "  acknowledged and lost {:>6}   {:?}", self.lost().len(), self.lost().first())?;
        writeln!(f, "  settled unasked       {:>6}   {:?}", self.invented().len(), self.invented().first())?;
        writeln!(f, "  receipts marked sent  {:>6}   {} not", self.sent.len(), self.unsent.len())?;
        let distinct: BTreeSet<_> = self.receipts.iter().collect();
        write!(f, "  receipts in the queue {:>6}   {} distinct", self.receipts.len(), distinct.len())
    }
}

/// Returns the text column of a query.
pub(crate) async fn ids(database: &PgPool, query: &str) -> Vec<String> {
    sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(database).await.expect(query)
}
