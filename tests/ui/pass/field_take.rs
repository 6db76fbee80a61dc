//! What the messages about a value that is released by value say to write, as they say it.
#![allow(dead_code)]

use std::{fs::File, io::BufWriter};

use lifecycle::Teardown;
use tokio::{process::Child, sync::mpsc::Sender, task::JoinHandle};

struct Client;

impl Client {
    fn close(self) {}

    fn end(self, _code: u16) -> Result<u8, String> {
        Ok(0)
    }

    async fn shutdown(self) -> Result<(), String> {
        Ok(())
    }
}

/// "make it a slot and add take"
#[lifecycle::resource]
struct Session {
    #[teardown(close, take)]
    client: lifecycle::Slot<Client>,
    #[teardown(shutdown, take)]
    other: lifecycle::Slot<Client>,
    #[teardown(shutdown().await, take)]
    awaited: lifecycle::Slot<Client>,
    #[teardown(end(self.code), take, blocking)]
    third: lifecycle::Slot<Client>,
    #[teardown(end(200), blocking, take)]
    by_order: lifecycle::Slot<Client>,
    code: u16,
}

/// "make it a `..`, which .."
#[lifecycle::resource]
struct Worker {
    #[teardown]
    task: lifecycle::Slot<JoinHandle<()>>,
    #[teardown]
    tasks: Vec<std::sync::Arc<lifecycle::Slot<JoinHandle<u8>>>>,
    #[teardown]
    log: Option<std::sync::Mutex<BufWriter<File>>>,
    #[teardown]
    child: tokio::sync::Mutex<Child>,
    #[teardown]
    sender: lifecycle::Slot<Sender<u8>>,
    name: String,
}

struct Pool;

impl Pool {
    async fn close(&self) {}
}

#[lifecycle::resource]
struct Database {
    pool: Pool,
}

/// "put `#[lifecycle::teardown]` above this impl"
#[lifecycle::teardown]
impl Teardown for Database {
    async fn teardown(&self) {
        self.pool.close().await;
    }
}

fn main() {}
