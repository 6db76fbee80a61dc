use std::fs::File;

use tokio::task::JoinHandle;

#[lifecycle::resource]
struct Worker {
    #[teardown]
    log: File,
    held: std::pin::Pin<Box<JoinHandle<()>>>,
}

fn main() {}
