//! The faults, and the ones that are pieces of code of their own.

use std::time::Duration;

use lifecycle::Managed;

use crate::database::Database;

/// A fault of this service.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The database waits for a task, and the task waits for the teardown of the journal.
    WaitsInACircle,
    /// The database closes when the journal is complete, and asks again without a limit.
    AsksForever,
    /// Nothing says that the journal uses the database.
    ClosedUnderItsUser,
    /// Nothing says it, and the journal logs the error instead of returning it.
    SwallowsTheError,
    /// The request is answered before the order is stored.
    StoresAfterTheAnswer,
    /// The order is marked as settled before the journal has its line.
    MarksBeforeTheWork,
    /// A task of `tokio::spawn` uses the database until the process ends.
    OutlivesTheDrain,
    /// The database panics if the journal has failed.
    PanicsAfterAFailure,
    /// A timer of the time before `lifecycle` exits with status 0.
    ExitsByItself,
    /// The database waits for the journal on a channel of the standard library, which blocks the thread.
    BlocksTheThread,
}

impl Fault {
    const ALL: [(&'static str, Fault); 10] = [
        ("waits-in-a-circle", Fault::WaitsInACircle),
        ("asks-forever", Fault::AsksForever),
        ("closed-under-its-user", Fault::ClosedUnderItsUser),
        ("swallows-the-error", Fault::SwallowsTheError),
        ("stores-after-the-answer", Fault::StoresAfterTheAnswer),
        ("marks-before-the-work", Fault::MarksBeforeTheWork),
        ("outlives-the-drain", Fault::OutlivesTheDrain),
        ("panics-after-a-failure", Fault::PanicsAfterAFailure),
        ("exits-by-itself", Fault::ExitsByItself),
        ("blocks-the-thread", Fault::BlocksTheThread),
    ];

    pub(crate) fn is_planted(self) -> bool {
        let Some(name) = std::env::var_os("FAULT") else { return false };
        let planted = Fault::ALL.iter().find(|(known, _)| name == *known);
        planted.expect("`FAULT` names a fault").1 == self
    }
}

/// The timer that the service had before: "the stop never takes longer than that".
pub(crate) fn exit_after_the_notice() {
    std::thread::spawn(|| {
        while !lifecycle::is_stopping() {
            std::thread::sleep(Duration::from_millis(10));
        }
        std::thread::sleep(Duration::from_millis(700));
        std::process::exit(0);
    });
}

/// Counts the orders for a gauge, all the time.
pub(crate) fn count_forever(database: Managed<Database>) {
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_millis(500)).await;
            database.count().await.expect("the database counts");
        }
    });
}
