//! Handles of `sea-orm`: `DatabaseConnection`, `DatabaseTransaction`.
//!
//! | type | lost without release | a bare `#[teardown]` | who confirms |
//! |---|---|---|---|
//! | `DatabaseConnection` | what its connections in use are doing, and the server is not told of the end | closes its pool after every connection has come back | the return of every connection; each statement had its own answer |
//! | `DatabaseTransaction` | its writes, and the pool waits for it | none: commit it in the body of `teardown` | |
//!
//! Run against PostgreSQL 15.
//!
//! A `DatabaseConnection` holds a pool of `sqlx`, and the teardown closes it as it closes a field of that type: it waits
//! for the connections in use, cancels their statements at a PostgreSQL server, and names the number of connections that
//! are missing. The features of `sea-orm` that the program turns on decide which databases there are. A mock, a proxy or
//! a connection of `rusqlite` is closed by `close_by_ref`.

use super::library::sea_orm::{DatabaseConnection, DatabaseTransaction};
use crate::release::Release;
use crate::release::known::known;
use crate::release::owned::text_of;

known! {
    [] DatabaseConnection: "sea_orm::DatabaseConnection",
    lost: "what its connections in use are doing, and the server is not told, so its sessions stay until it notices",
    does: "closes its pool after every connection has come back",
    form: "sea_orm::DatabaseConnection";

    [] DatabaseTransaction: "sea_orm::DatabaseTransaction",
    lost: "its writes, and its pool waits for the connection",
    does: "commit it where it began, or put it into a `lifecycle::Slot` and `take` it in the body of `teardown`",
    form: "";
}

#[diagnostic::do_not_recommend]
impl<List: 'static> Release<List> for DatabaseConnection {
    const BLOCKING: bool = false;

    async fn release(&self) -> Result<(), String> {
        // The variants exist only with the features of `sea-orm`, which this crate does not see.
        let kind = format!("{self:?}");
        let is = |variant| kind.contains(variant);
        if is("SqlxPostgresPoolConnection") {
            Release::<List>::release(self.get_postgres_connection_pool()).await
        } else if is("SqlxMySqlPoolConnection") {
            Release::<List>::release(self.get_mysql_connection_pool()).await
        } else if is("SqlxSqlitePoolConnection") {
            Release::<List>::release(self.get_sqlite_connection_pool()).await
        } else if is("Disconnected") {
            Ok(())
        } else {
            self.close_by_ref().await.map_err(text_of)
        }
    }
}

/// The pools of the databases that `sea-orm` has no feature for. An inherent method of the same name wins over these.
#[allow(dead_code, reason = "with every database nothing uses this")]
trait NoDatabase {
    fn get_postgres_connection_pool(&self) -> &NoPool {
        &NoPool
    }

    fn get_mysql_connection_pool(&self) -> &NoPool {
        &NoPool
    }

    fn get_sqlite_connection_pool(&self) -> &NoPool {
        &NoPool
    }
}

impl NoDatabase for DatabaseConnection {}

/// The pool of a database whose feature of `sea-orm` is off. No connection can have this kind.
struct NoPool;

impl<List: 'static> Release<List> for NoPool {
    const BLOCKING: bool = false;

    async fn release(&self) -> Result<(), String> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_that_was_never_made_is_released() {
        assert_eq!(Release::<()>::release(&DatabaseConnection::default()).await, Ok(()));
    }
}
