//! `PostgreSQL`.

use std::path::PathBuf;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use crate::server::{Place, Server, shared};
use crate::{ask, installed, wait_until};

/// A `PostgreSQL` server for the tests.
#[derive(Debug)]
pub struct Postgres {
    server: Server,
    pool: PgPool,
}

impl Postgres {
    /// Starts another server. The user `locked` needs a password.
    #[must_use]
    pub fn start() -> Postgres {
        PostgresDown::new().start()
    }

    /// Returns the URL for a service with this application name.
    pub fn url(&self, name: &str) -> String {
        url(self.port(), name)
    }

    /// Runs a statement.
    #[track_caller]
    pub fn run(&self, statement: &str) {
        ask(sqlx::raw_sql(AssertSqlSafe(statement)).execute(&self.pool)).expect(statement);
    }

    /// Returns the number that `query` selects.
    #[track_caller]
    pub fn number(&self, query: &str) -> i64 {
        ask(sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&self.pool)).expect(query)
    }

    /// Returns the column of numbers that `query` selects.
    #[track_caller]
    pub fn numbers(&self, query: &str) -> Vec<i64> {
        ask(sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(&self.pool)).expect(query)
    }

    /// Returns the number of connections of the service of this name that satisfy `condition`.
    #[track_caller]
    pub fn connections(&self, name: &str, condition: &str) -> i64 {
        self.number(&format!(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = '{name}' AND {condition}"
        ))
    }

    /// Waits until the service of this name has no connection. The server notices the end of a connection with a
    /// delay.
    #[track_caller]
    pub fn is_left(&self, name: &str) {
        wait_until("the end of every connection", || self.connections(name, "true") == 0);
    }

    /// Returns the log lines about broken connections of this service, in a transaction or idle.
    pub fn broken(&self, name: &str) -> Vec<String> {
        self.said_broken(&format!("app={name} "), ":  ")
    }

    /// Returns the lines of [`broken`](Postgres::broken) that the server logs at its usual level.
    ///
    /// After a statement is cut off, the client library closes the connection without a final message. It does
    /// not know which response comes next.
    pub fn broken_in_work(&self, name: &str) -> Vec<String> {
        self.said_broken(&format!("app={name} "), " LOG: ")
    }

    fn said_broken(&self, start: &str, level: &str) -> Vec<String> {
        let broken =
            ["unexpected EOF", "could not receive data from client", "could not send data to client"];
        let log = self.log();
        let lines = log.lines().filter(|line| line.starts_with(start) && line.contains(level));
        lines.filter(|line| broken.iter().any(|words| line.contains(words))).map(str::to_owned).collect()
    }
}

/// A `PostgreSQL` server that has its data and its port, and does not run yet.
#[derive(Debug)]
pub struct PostgresDown {
    place: Place,
    data: PathBuf,
}

impl PostgresDown {
    /// Creates the data.
    #[must_use]
    pub fn new() -> PostgresDown {
        let place = Place::new("postgres");
        let data = place.folder.join("data");
        let mut init = place.command(installed("initdb", "postgresql"));
        init.args(["-U", "test", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C", "-D"]).arg(&data);
        Place::run(init);
        let access = "host all locked 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n";
        std::fs::write(data.join("pg_hba.conf"), access).expect("the folder is ours");
        PostgresDown { place, data }
    }

    /// Returns the URL for a service with this application name.
    pub fn url(&self, name: &str) -> String {
        url(self.place.port, name)
    }

    /// Starts the server.
    #[must_use]
    pub fn start(self) -> Postgres {
        let PostgresDown { place, data } = self;
        let mut command = place.command(installed("postgres", "postgresql"));
        command.arg("-D").arg(&data).args(["-p", &place.port.to_string()]);
        let folder = place.folder.display().to_string();
        for setting in [
            "listen_addresses=127.0.0.1",
            &format!("unix_socket_directories={folder}"),
            "fsync=off",
            "max_connections=600",
            "shared_buffers=32MB",
            "autovacuum=off",
            // At this level the server also logs a client that disconnects abruptly outside of a transaction.
            "log_min_messages=debug1",
            "log_connections=on",
            "log_line_prefix=app=%a pid=%p at=%m ",
        ] {
            command.args(["-c", setting]);
        }
        let options = options(place.port);
        let answers = || ask(options.connect()).is_ok_and(|connection| ask(connection.close()).is_ok());
        let server = place.start(command, answers);
        let pool = PgPoolOptions::new().max_connections(4).connect_with(options);
        let pool = ask(pool).expect("it answered before");
        let postgres = Postgres { server, pool };
        postgres.run("CREATE ROLE locked LOGIN PASSWORD 'secret'");
        postgres.run("CREATE TABLE writes (run text, id bigint, half int)");
        postgres.run("CREATE TABLE handled (queue text, id bigint, again bool)");
        postgres.run("CREATE INDEX ON handled (queue)");
        postgres
    }
}

impl Default for PostgresDown {
    fn default() -> PostgresDown {
        PostgresDown::new()
    }
}

shared!(Postgres, server);

fn url(port: u16, name: &str) -> String {
    format!("postgres://test@127.0.0.1:{port}/postgres?application_name={name}")
}

fn options(port: u16) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(port).username("test").database("postgres")
}
