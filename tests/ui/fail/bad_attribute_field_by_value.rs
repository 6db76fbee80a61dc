use std::{fs::File, io::BufWriter, sync::Arc};

use tokio::{process::Child, sync::mpsc::Sender, task::JoinHandle};

#[lifecycle::resource]
struct Worker {
    #[teardown]
    task: JoinHandle<()>,
    #[teardown]
    tasks: Vec<Arc<JoinHandle<u8>>>,
    #[teardown]
    log: Option<BufWriter<File>>,
    #[teardown]
    child: Child,
    #[teardown]
    named: (String, Sender<u8>),
}

/// In a generic struct, for fields without the parameter.
#[lifecycle::resource]
struct Cache<T> {
    #[teardown]
    refresh: JoinHandle<()>,
    values: Vec<T>,
}

fn main() {}
