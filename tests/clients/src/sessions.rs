//! The service under test: it uses sessions of a database, by any client library.

use std::future::Future;

/// Any error.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// A session at a database: a client, or a connection of a pool.
pub trait Session: Send + 'static {
    /// Returns a statement that sleeps at the server.
    fn sleep(seconds: f32) -> String {
        format!("SELECT pg_sleep({seconds})")
    }

    /// Runs one statement.
    fn run(&mut self, statement: &str) -> impl Future<Output = Result<(), Error>> + Send;

    /// Ends the session, and waits until its connection is idle.
    fn give_back(self) -> impl Future<Output = ()> + Send
    where
        Self: Sized,
    {
        drop(self);
        std::future::ready(())
    }
}

/// Returns a setting from the environment, which must exist.
///
/// # Panics
///
/// If the setting does not exist.
pub fn setting(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

/// Returns whether the service releases `client`. Otherwise the client stays as it is until the exit, as in a service
/// whose tasks hold it, and a test sees what is lost.
pub fn releases<C: Clone>(client: &C) -> bool {
    let releases = setting("RELEASE") == "1";
    if !releases {
        std::mem::forget(client.clone());
    }
    releases
}

/// Runs the scenario of the first argument. `open` opens a session.
///
/// # Errors
///
/// Returns the error of the first session, or of its statements.
pub async fn serve<S: Session, F: Future<Output = Result<S, Error>> + Send>(
    open: impl Fn() -> F + Send + Sync + 'static,
) -> Result<(), Error> {
    match std::env::args().nth(1).unwrap_or_default().as_str() {
        "idle" => {
            for session in [open().await?, open().await?, open().await?] {
                session.give_back().await;
            }
        }
        "commit late" => {
            let session = insert(open().await?, "late").await?;
            // Nothing tracks this task, so only its session can hold up the exit.
            tokio::spawn(commit_late(session));
        }
        "keep" => std::mem::forget(insert(open().await?, "kept").await?),
        "sleep" => {
            let mut session = open().await?;
            tokio::spawn(async move {
                println!("asleep");
                let slept = session.run(&S::sleep(60.0)).await;
                println!("slept: {slept:?}");
            });
        }
        other => return Err(format!("no scenario `{other}`").into()),
    }
    // The scenario holds no session any more, so the teardown may take the last one.
    drop(open);
    lifecycle::ready();
    println!("ready");
    lifecycle::stopping().await;
    println!("stopping");
    Ok(())
}

/// Inserts a row, in a transaction that stays open.
async fn insert<S: Session>(mut session: S, run: &str) -> Result<S, Error> {
    session.run("BEGIN").await?;
    session.run(&format!("INSERT INTO writes VALUES ('{run} {}', 1, 1)", setting("RUN"))).await?;
    Ok(session)
}

/// Commits some time after the stop begins.
async fn commit_late<S: Session>(mut session: S) {
    lifecycle::stopping().await;
    let committed = async {
        session.run(&S::sleep(0.5)).await?;
        session.run("COMMIT").await
    };
    match committed.await {
        Ok(()) => println!("committed"),
        Err(error) => println!("not committed: {error}"),
    }
}
