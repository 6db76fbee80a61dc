//! By type, not by name: through aliases, re-exports and everything that holds a value.
use std::{
    collections::HashMap,
    fs::File,
    io::BufWriter,
    sync::{Arc, Mutex},
};

use lifecycle::Teardown;

mod alias {
    pub type Log = Option<Arc<Mutex<BufWriter<File>>>>;
    pub use tokio::task::JoinHandle as Task;

    use super::*;
}

/// A user's own, which only has the name.
struct JoinHandle;

#[lifecycle::resource]
struct Worker {
    log: alias::Log,
    task: Arc<tokio::sync::Mutex<Vec<alias::Task<()>>>>,
    children: Mutex<HashMap<u32, std::process::Child>>,
    mine: JoinHandle,
}

#[lifecycle::teardown]
impl Teardown for Worker {
    async fn teardown(&self) {}
}

fn main() {}
