use std::fs::File;

use tokio::task::JoinHandle;

#[lifecycle::resource]
struct Worker {
    #[teardown]
    log: File,
    held: [Option<JoinHandle<()>>; 2],
}

fn main() {}
