use std::fs::File;

use tokio::task::JoinHandle;

#[lifecycle::resource]
struct Worker {
    #[teardown]
    log: File,
    held: std::sync::Arc<tokio::sync::RwLock<std::collections::HashMap<u16, JoinHandle<()>>>>,
}

fn main() {}
