//! Each field that leaks is an error of its own, on the field; those that are handled are none.
use std::fs::File;

use lifecycle::{Managed, Teardown};
use tokio::{sync::mpsc, task::JoinHandle};

#[lifecycle::resource]
struct Worker {
    pub task: JoinHandle<()>,
    log: File,
    #[teardown(skip = "read only")]
    config: File,
    #[teardown]
    journal: File,
    limits: Vec<u32>,
    next: Option<Managed<Self>>,
}

#[lifecycle::resource]
struct Tuple(String, pub mpsc::Sender<u8>, mpsc::Sender<u8>);

#[lifecycle::teardown]
impl Teardown for Tuple {
    async fn teardown(&self) {
        let _ = self.2.send(0).await;
    }
}

#[lifecycle::resource(no_teardown = "nothing to do")]
struct Denied(File);

fn main() {}
