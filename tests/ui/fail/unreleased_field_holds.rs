//! Inside plain structs and enums that derive `Holds`, with the way to what leaks.
use std::marker::PhantomData;

use lifecycle::{Holds, Managed, Teardown};
use tokio::task::{JoinHandle, JoinSet};

#[derive(Holds)]
struct Poller {
    name: String,
    task: JoinHandle<()>,
    next: Option<Box<Poller>>,
}

#[derive(Holds)]
struct Feed<T> {
    kind: PhantomData<T>,
    poller: Option<Poller>,
}

#[derive(Holds)]
enum Mode {
    Off,
    On(JoinSet<()>),
}

#[derive(Holds)]
struct Handled {
    #[holds(skip = "only read")]
    file: std::fs::File,
}

/// Nobody can see into it.
struct Opaque {
    task: JoinHandle<()>,
}

#[lifecycle::resource(no_teardown = "memory only")]
struct Hub {
    poller: Poller,
    feed: Vec<Feed<u8>>,
    mode: Mode,
    handled: Handled,
    opaque: Opaque,
}

#[lifecycle::resource]
struct Told {
    poller: Poller,
    hub: Managed<Hub>,
}

#[lifecycle::teardown]
impl Teardown for Told {
    async fn teardown(&self) {
        self.poller.task.abort();
    }
}

fn main() {}
