//! Databases of `redb`: `Database`, `WriteTransaction`. Needs the feature `redb`.
//!
//! | type | lost without release | a bare `#[teardown]` | who confirms |
//! |---|---|---|---|
//! | `Database` | commits of `Durability::None`; the next open repairs the file, which reads all of it | makes all commits durable; in a `Slot`: closes it | the kernel, after a sync of the file |
//! | `WriteTransaction` | its writes | none: commit it in the body of `teardown` | |
//!
//! Run against real files. Needs Rust 1.90.
//!
//! - A commit is durable when it returns, unless its durability is `None`.
//! - The teardown waits for a write transaction that is open elsewhere. It fails if the transaction does not end in time.
//! - `Database::close` needs the value, so it needs a [`Slot`](crate::Slot). An `Arc<Database>` is released without it: the
//!   last commit records what the next open needs, so that the open reads little of the file.

use std::future::{Future, ready};
use std::time::{Duration, Instant};

use redb::{Database, TransactionError, WriteTransaction};

use crate::release::Release;
use crate::release::known::known;
use crate::release::owned::{ReleaseOwned, text_of};
use crate::resource::scope::TeardownScope;

known! {
    [] Database: "redb::Database",
    lost: "commits without durability, and the next open has to repair the file",
    does: "makes all commits durable, on a blocking thread",
    form: "redb::Database";

    [] WriteTransaction: "redb::WriteTransaction",
    lost: "its writes, and every other write waits for it",
    does: "commit it where it began, or put it into a `lifecycle::Slot` and `take` it in the body of `teardown`",
    form: "";
}

/// How often the database is asked whether the last write transaction has ended, because it sends no event.
const POLL_INTERVAL: Duration = Duration::from_millis(2);

#[diagnostic::do_not_recommend]
impl<List: 'static> Release<List> for Database {
    const BLOCKING: bool = true;

    async fn release(&self) -> Result<(), String> {
        let mut last = begin_last(self)?;
        // A durable commit makes the earlier ones durable too.
        last.set_quick_repair(true);
        last.commit().map_err(text_of)
    }
}

impl<List: 'static> ReleaseOwned<List> for Database {
    const BLOCKING: bool = true;

    fn release_owned(self) -> impl Future<Output = Result<(), String>> + Send {
        // A close under an open transaction would be put off until its end, and nobody would see its error.
        let closed = begin_last(&self).map(drop).and_then(|()| self.close().map_err(text_of));
        ready(closed)
    }
}

/// Begins a write transaction after every other one has ended.
fn begin_last(database: &Database) -> Result<WriteTransaction, String> {
    let until = TeardownScope::current().time_for_release().map(|limit| Instant::now() + limit);
    loop {
        match database.try_begin_write() {
            Err(TransactionError::WouldBlock) => {}
            begun => return begun.map_err(text_of),
        }
        if until.is_some_and(|until| Instant::now() >= until) {
            return Err("a write transaction has not ended, so later commits may be lost".to_owned());
        }
        std::thread::sleep(POLL_INTERVAL);
    }
}
