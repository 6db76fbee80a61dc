//! What is handled in a generic resource, and what nobody can know of one.
#![allow(dead_code)]

use std::{fs::File, io::Write, marker::PhantomData, sync::Mutex};

use lifecycle::{Managed, Slot, Teardown};
use tokio::task::JoinHandle;

#[lifecycle::resource]
struct ByAttribute<T> {
    #[teardown]
    log: File,
    #[teardown]
    task: Slot<JoinHandle<T>>,
    #[teardown(skip = "only read")]
    config: File,
    value: T,
}

#[lifecycle::resource]
struct ByImpl<T> {
    log: File,
    values: PhantomData<T>,
}

#[lifecycle::teardown]
impl<T: Send + Sync + 'static> Teardown for ByImpl<T> {
    async fn teardown(&self) -> std::io::Result<()> {
        self.log.sync_all()
    }
}

/// A body that passes `self` on is believed.
#[lifecycle::resource]
struct Believed<const N: usize> {
    log: File,
}

#[lifecycle::teardown]
impl<const N: usize> Teardown for Believed<N> {
    type Output = ();

    async fn teardown(&self) {
        drop(self);
    }
}

/// Of a bare parameter nothing is known, whatever it stands for.
#[lifecycle::resource(no_teardown = "memory only")]
struct Wrapped<T, W: Write>(T, Mutex<Vec<T>>, W, Option<Managed<Self>>);

#[lifecycle::resource(no_teardown = "memory only")]
struct All {
    by_attribute: Managed<ByAttribute<()>>,
    by_impl: Managed<ByImpl<u8>>,
    believed: Managed<Believed<2>>,
    wrapped: Managed<Wrapped<File, File>>,
}

fn main() {
    let wrapped = |file: fn() -> File| lifecycle::manage(Wrapped(file(), Mutex::default(), file(), None));
    let _ = wrapped;
}
