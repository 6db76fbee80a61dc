//! `MariaDB`.

use sqlx::mysql::{MySqlConnectOptions, MySqlPool, MySqlPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use crate::server::{Place, Server, shared};
use crate::{ask, installed};

/// A `MariaDB` server for the tests.
#[derive(Debug)]
pub struct MariaDb {
    server: Server,
    pool: MySqlPool,
}

impl MariaDb {
    /// Starts another server.
    #[must_use]
    pub fn start() -> MariaDb {
        let place = Place::new("mariadb");
        let data = format!("--datadir={}", place.folder.join("data").display());
        let socket = format!("--socket={}", place.folder.join("socket").display());
        let mut init = place.command(installed("mariadb-install-db", "mariadb-server"));
        init.args(["--no-defaults", &data, "--auth-root-authentication-method=normal"]);
        init.args(["--skip-test-db", "--skip-name-resolve"]);
        Place::run(init);
        let mut command = place.command(installed("mariadbd", "mariadb-server"));
        command.args(["--no-defaults", &data, &socket, "--bind-address=127.0.0.1", "--skip-name-resolve"]);
        command.args([&format!("--port={}", place.port), "--max-connections=400", "--skip-log-bin"]);
        command.args(["--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=32M"]);
        command.args([&format!("--pid-file={}", place.folder.join("pid").display())]);
        let options = MySqlConnectOptions::new().host("127.0.0.1").port(place.port).username("root");
        let answers =
            || ask(options.clone().connect()).is_ok_and(|connection| ask(connection.close()).is_ok());
        let server = place.start(command, answers);
        let pool = MySqlPoolOptions::new().max_connections(2).connect_with(options);
        let pool = ask(pool).expect("it answered before");
        let mariadb = MariaDb { server, pool };
        mariadb.run("CREATE DATABASE service");
        mariadb.run("CREATE TABLE service.writes (run varchar(50), id bigint, half int)");
        mariadb
    }

    /// Returns the URL of the database that only the service uses.
    pub fn url(&self) -> String {
        format!("mysql://root@127.0.0.1:{}/service", self.port())
    }

    /// Runs a statement.
    #[track_caller]
    pub fn run(&self, statement: &str) {
        ask(sqlx::raw_sql(AssertSqlSafe(statement)).execute(&self.pool)).expect(statement);
    }

    /// Returns the column of numbers that `query` selects.
    #[track_caller]
    pub fn numbers(&self, query: &str) -> Vec<i64> {
        ask(sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(&self.pool)).expect(query)
    }

    /// Returns the number of connections of the service.
    #[track_caller]
    pub fn connections(&self) -> i64 {
        self.numbers("SELECT count(*) FROM information_schema.processlist WHERE db = 'service'")[0]
    }

    /// Returns the number of clients that have disconnected abruptly since the start of the server.
    #[track_caller]
    pub fn aborted(&self) -> i64 {
        self.numbers(
            "SELECT CAST(variable_value AS SIGNED) FROM information_schema.global_status \
             WHERE variable_name = 'ABORTED_CLIENTS'",
        )[0]
    }
}

shared!(MariaDb, server);
