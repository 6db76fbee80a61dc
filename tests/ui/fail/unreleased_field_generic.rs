//! A generic resource is looked into where it is used with parameters: here by what holds one.
use std::{
    fs::File,
    io::{BufWriter, Write},
    marker::PhantomData,
    sync::Mutex,
};

use lifecycle::{Managed, Teardown};
use tokio::task::JoinHandle;

#[lifecycle::resource(no_teardown = "memory only")]
struct Cache<T> {
    values: Mutex<Vec<T>>,
    journal: File,
}

#[lifecycle::resource(no_teardown = "memory only")]
struct Typed<T> {
    task: JoinHandle<T>,
}

#[lifecycle::resource(no_teardown = "memory only")]
struct Bounded<W: Write> {
    writer: Mutex<BufWriter<W>>,
}

#[lifecycle::resource(no_teardown = "memory only")]
struct Counted<const N: usize> {
    tasks: Mutex<[JoinHandle<()>; N]>,
}

#[lifecycle::resource]
struct Worker<T> {
    job: PhantomData<T>,
    handled: File,
    forgotten: File,
}

#[lifecycle::teardown]
impl<T: Send + Sync + 'static> Teardown for Worker<T> {
    async fn teardown(&self) {
        let _ = self.handled.sync_all();
    }
}

/// What has the type of a parameter is not known.
#[lifecycle::resource(no_teardown = "memory only")]
struct Unknown<T>(T, Mutex<Vec<T>>);

#[lifecycle::resource(no_teardown = "memory only", depends_on(Cache<u8>))]
struct UsesCache;

#[lifecycle::resource(no_teardown = "memory only", depends_on(Typed<u8>))]
struct UsesTyped;

#[lifecycle::resource(no_teardown = "memory only", depends_on(Bounded<File>))]
struct UsesBounded;

#[lifecycle::resource(no_teardown = "memory only", depends_on(Counted<2>))]
struct UsesCounted;

#[lifecycle::resource(no_teardown = "memory only", depends_on(Unknown<File>))]
struct UsesUnknown;

/// A field says the same as `depends_on`.
#[lifecycle::resource(no_teardown = "memory only")]
struct HoldsWorker(Managed<Worker<u8>>);

fn main() {}
