use std::fs::File;

use tokio::task::JoinHandle;

#[lifecycle::resource]
struct Worker {
    #[teardown]
    log: File,
    held: Box<JoinHandle<()>>,
}

fn main() {}
