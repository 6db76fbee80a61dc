//! A ledger of messages: which were sent, and how often each was handled.

use std::collections::BTreeMap;
use std::fmt;

/// The messages of a queue: each id that was sent, and how often it was handled.
///
/// A stop that loses a message shows as a lost id. A message that is handled again after a restart shows as a repeated id.
///
/// # Examples
///
/// ```
/// use lifecycle::testing::Ledger;
///
/// let mut ledger = Ledger::new();
/// ledger.sent(1..=4);
/// ledger.handled([1, 2, 2, 4]); // such as the rows that the service has inserted
/// assert_eq!(ledger.lost(), [3]);
/// assert_eq!(ledger.repeated(), [2]);
/// assert_eq!(ledger.to_string(), "4 sent, 1 lost (3), 1 repeated (2)");
/// ```
#[derive(Clone, Debug)]
pub struct Ledger<Id = u64> {
    /// Whether the id was sent, and how often it was handled.
    entries: BTreeMap<Id, (bool, usize)>,
}

impl<Id: Ord + Clone> Ledger<Id> {
    /// Creates an empty ledger.
    pub fn new() -> Ledger<Id> {
        Ledger { entries: BTreeMap::new() }
    }

    /// Enters messages that the service has to handle.
    pub fn sent(&mut self, ids: impl IntoIterator<Item = Id>) {
        for id in ids {
            self.entries.entry(id).or_default().0 = true;
        }
    }

    /// Enters messages that were handled.
    pub fn handled(&mut self, ids: impl IntoIterator<Item = Id>) {
        for id in ids {
            self.entries.entry(id).or_default().1 += 1;
        }
    }

    /// Returns the ids that were sent and never handled.
    pub fn lost(&self) -> Vec<Id> {
        self.ids(|sent, handled| sent && handled == 0)
    }

    /// Returns the ids that were handled more than once.
    pub fn repeated(&self) -> Vec<Id> {
        self.ids(|_, handled| handled > 1)
    }

    /// Returns the ids that were handled and never sent.
    pub fn unknown(&self) -> Vec<Id> {
        self.ids(|sent, _| !sent)
    }

    fn ids(&self, which: impl Fn(bool, usize) -> bool) -> Vec<Id> {
        let found = self.entries.iter().filter(|(_, (sent, handled))| which(*sent, *handled));
        found.map(|(id, _)| id.clone()).collect()
    }
}

impl<Id: Ord + Clone + fmt::Display> Ledger<Id> {
    /// Requires that each message was handled exactly once.
    ///
    /// # Panics
    ///
    /// If an id is lost, repeated or unknown. The message has the first ids.
    #[track_caller]
    pub fn each_once(&self) {
        let wrong = [self.lost(), self.repeated(), self.unknown()];
        assert!(wrong.iter().all(Vec::is_empty), "{self}");
    }
}

impl<Id: Ord + Clone> Default for Ledger<Id> {
    fn default() -> Ledger<Id> {
        Ledger::new()
    }
}

impl<Id: Ord + Clone + fmt::Display> fmt::Display for Ledger<Id> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// The number of ids that are listed.
        const LISTED: usize = 10;
        write!(f, "{} sent", self.ids(|sent, _| sent).len())?;
        for (what, ids) in [("lost", self.lost()), ("repeated", self.repeated()), ("unknown", self.unknown())]
        {
            if ids.is_empty() {
                continue;
            }
            let more = if ids.len() > LISTED { ", .." } else { "" };
            let listed: Vec<String> = ids.iter().take(LISTED).map(Id::to_string).collect();
            write!(f, ", {} {what} ({}{more})", ids.len(), listed.join(", "))?;
        }
        Ok(())
    }
}
