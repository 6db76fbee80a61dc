//! What the lint says to write compiles as it says it, for every known type and every wrapper.
#![allow(dead_code)]

use std::{
    collections::HashMap,
    fs::File,
    io::{BufWriter, LineWriter, Stdout},
    net::TcpStream,
    os::unix::net::UnixListener,
    process::Child,
    sync::{Arc, Mutex, OnceLock, mpsc},
    thread,
};

use lifecycle::Slot;
use tokio::{sync, task};

/// "write `#[teardown]` on the field"
#[lifecycle::resource]
struct AsItIs {
    #[teardown]
    file: File,
    #[teardown]
    option_file: Option<File>,
    #[teardown]
    arc_file: Arc<File>,
    #[teardown]
    box_file: Box<File>,
    #[teardown]
    vec_file: Vec<File>,
    #[teardown]
    once_file: OnceLock<File>,
    #[teardown]
    map_file: HashMap<String, File>,
    #[teardown]
    locked_file: Mutex<File>,
    #[teardown]
    nested: Option<Arc<Mutex<BufWriter<File>>>>,
    #[teardown]
    unix: UnixListener,
    #[teardown]
    socket: tokio::net::UnixListener,
    #[teardown]
    background: tokio::fs::File,
    #[teardown]
    once_background: sync::OnceCell<tokio::fs::File>,
    #[teardown]
    taken: Mutex<Option<task::JoinHandle<()>>>,
    #[teardown]
    tasks: Arc<Mutex<Vec<task::JoinHandle<()>>>>,
    #[teardown]
    by_name: sync::Mutex<HashMap<String, task::JoinHandle<()>>>,
    #[teardown]
    set: Mutex<task::JoinSet<()>>,
    #[teardown]
    children: Mutex<Vec<Child>>,
}

/// The same for cells, references and runtimes.
#[lifecycle::resource]
struct AsItIsElsewhere {
    #[teardown]
    log: &'static Mutex<BufWriter<File>>,
    #[teardown]
    late: OnceLock<Arc<Result<File, String>>>,
    #[teardown]
    slot: Slot<tokio::runtime::Runtime>,
    #[teardown]
    option: Mutex<Option<tokio::runtime::Runtime>>,
    #[teardown]
    async_option: sync::Mutex<Option<tokio::runtime::Runtime>>,
    #[teardown]
    each: Option<Slot<tokio::runtime::Runtime>>,
}

/// "make it a `..` and write `#[teardown]` on it", for the same.
#[lifecycle::resource]
struct AsItSaysElsewhere {
    #[teardown]
    settings: lifecycle::Slot<sync::watch::Sender<u8>>,
    #[teardown]
    senders: Vec<lifecycle::Slot<sync::watch::Sender<u8>>>,
    #[teardown]
    events: Arc<lifecycle::Slot<sync::broadcast::Sender<u8>>>,
    #[teardown]
    lazy: OnceLock<File>,
    #[teardown]
    tried: OnceLock<Result<File, String>>,
    #[teardown]
    opened: Result<lifecycle::Slot<task::JoinHandle<()>>, std::io::Error>,
    #[teardown]
    all: Arc<Vec<File>>,
    #[teardown]
    runtime: lifecycle::Slot<tokio::runtime::Runtime>,
    #[teardown]
    boxed: std::sync::Mutex<BufWriter<Box<dyn std::io::Write + Send>>>,
}

/// "make it a `..` and write `#[teardown]` on it"
#[lifecycle::resource]
struct AsItSays {
    #[teardown]
    buffered: std::sync::Mutex<BufWriter<Stdout>>,
    #[teardown]
    stream: std::sync::Mutex<BufWriter<TcpStream>>,
    #[teardown]
    lines: std::sync::Mutex<LineWriter<File>>,
    #[teardown]
    listener: lifecycle::Slot<std::net::TcpListener>,
    #[teardown]
    thread: lifecycle::Slot<thread::JoinHandle<u8>>,
    #[teardown]
    child: lifecycle::Slot<Child>,
    #[teardown]
    locked_child: Mutex<Child>,
    #[teardown]
    sender: lifecycle::Slot<mpsc::Sender<u8>>,
    #[teardown]
    sync_sender: lifecycle::Slot<mpsc::SyncSender<u8>>,
    #[teardown]
    task: lifecycle::Slot<task::JoinHandle<u8>>,
    #[teardown]
    maybe: Option<Slot<task::JoinHandle<u8>>>,
    #[teardown]
    set: tokio::sync::Mutex<task::JoinSet<u8>>,
    #[teardown]
    writer: tokio::sync::Mutex<tokio::io::BufWriter<tokio::fs::File>>,
    #[teardown]
    port: lifecycle::Slot<tokio::net::TcpListener>,
    #[teardown]
    process: tokio::sync::Mutex<tokio::process::Child>,
    #[teardown]
    jobs: lifecycle::Slot<sync::mpsc::Sender<u8>>,
    #[teardown]
    events: lifecycle::Slot<sync::mpsc::UnboundedSender<u8>>,
    #[teardown]
    each: Vec<Slot<sync::mpsc::Sender<u8>>>,
}

/// "say why nothing is to be done"
#[lifecycle::resource(no_teardown = "memory only")]
struct Skipped {
    #[teardown(skip = "only read")]
    file: File,
}

struct Client;

impl Client {
    async fn flush(&self) {}
}

lifecycle::needs_release!(Client, "events", "flush");

#[lifecycle::resource]
struct Own {
    #[teardown]
    client: Client,
    #[teardown]
    option: Option<Client>,
    #[teardown]
    slot: Slot<Client>,
    #[teardown]
    locked: sync::Mutex<Client>,
    #[teardown]
    taken: Mutex<Option<Client>>,
    #[teardown(read().await.flush())]
    by_hand: Arc<sync::RwLock<Client>>,
}

fn main() {}
