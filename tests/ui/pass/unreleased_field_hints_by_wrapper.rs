//! What the lint says to write in the `unreleased_field_in_*` that are refused, as it says it.
#![allow(dead_code)]

use std::{
    collections::HashMap,
    fs::File,
    io::BufWriter,
    sync::{Mutex, OnceLock},
};

use lifecycle::Slot;
use tokio::task::JoinHandle;

/// "write `#[teardown]` on the field"
#[lifecycle::resource]
struct AsItIs {
    #[teardown]
    slot: Slot<JoinHandle<()>>,
    #[teardown]
    mutex_of_an_option: Mutex<Option<JoinHandle<()>>>,
    #[teardown]
    async_mutex: tokio::sync::Mutex<JoinHandle<()>>,
}

/// "make it a `..` and write `#[teardown]` on it"; where it is one of several, what they are in may stay.
#[lifecycle::resource]
struct AsItSays {
    #[teardown]
    instead_of_the_whole: Slot<JoinHandle<()>>,
    #[teardown]
    in_an_option: Option<Slot<JoinHandle<()>>>,
    #[teardown]
    in_a_box: Box<Slot<JoinHandle<()>>>,
    #[teardown]
    in_a_vec: Vec<Slot<JoinHandle<()>>>,
    #[teardown]
    in_a_map: HashMap<u16, Slot<JoinHandle<()>>>,
    #[teardown]
    in_a_once_lock: OnceLock<Slot<JoinHandle<()>>>,
    #[teardown]
    in_an_arc: std::sync::Arc<Slot<JoinHandle<()>>>,
    #[teardown]
    buffer: Mutex<BufWriter<File>>,
}

fn main() {}
