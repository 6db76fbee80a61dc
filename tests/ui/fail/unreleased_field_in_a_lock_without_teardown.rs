//! The value can be released as it is, and the lock around it is one that does not know how.
use std::{collections::BTreeMap, fs::File, sync::Arc, sync::RwLock};

struct Client;

impl Client {
    async fn flush(&self) {}
}

lifecycle::needs_release!(Client, "events", "flush");

#[lifecycle::resource(no_teardown = "memory only")]
struct Worker {
    file: RwLock<File>,
    files: RwLock<Vec<File>>,
    shared: RwLock<Vec<Arc<File>>>,
    background: tokio::sync::RwLock<tokio::fs::File>,
    own: Arc<std::sync::Mutex<Client>>,
    owns: RwLock<BTreeMap<u16, Client>>,
    socket: RwLock<std::os::unix::net::UnixListener>,
}

fn main() {}
