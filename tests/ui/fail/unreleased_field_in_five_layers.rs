use std::fs::File;

use tokio::task::JoinHandle;

#[lifecycle::resource]
struct Worker {
    #[teardown]
    log: File,
    held: Option<Box<Vec<Option<std::sync::Arc<JoinHandle<()>>>>>>,
}

fn main() {}
