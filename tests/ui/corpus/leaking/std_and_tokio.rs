//! Resources as services have them, of std and tokio. In each, the fields whose names begin with `leak` are flagged,
//! and no others.
#![allow(dead_code)]

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    fs::File,
    io::{BufWriter, Cursor, Empty, LineWriter, Sink, Stdout, Write},
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
    os::unix::net::UnixListener,
    path::PathBuf,
    process::Child,
    sync::{
        Arc, Condvar, LazyLock, Mutex, OnceLock, RwLock,
        atomic::{AtomicBool, AtomicU64},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use lifecycle::{Managed, Slot, Teardown};
use tokio::{
    sync,
    task::{AbortHandle, JoinHandle, JoinSet},
};

#[derive(Clone)]
struct Job(u64);

// std

#[lifecycle::resource(no_teardown = "corpus")]
struct AccessLog {
    path: PathBuf,
    leak: Mutex<BufWriter<File>>,
    rotated: AtomicU64,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Journal {
    leak: File,
    offset: AtomicU64,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Segments {
    leak_active: RwLock<File>,
    leak_sealed: RwLock<Vec<Arc<File>>>,
    index: RwLock<BTreeMap<u64, (u64, u32)>>,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Console {
    leak: Mutex<LineWriter<Stdout>>,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Statsd {
    socket: UdpSocket,
    target: SocketAddr,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct LineProtocol {
    leak: Mutex<Option<BufWriter<TcpStream>>>,
    reconnect_after: Duration,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Acceptor {
    leak: TcpListener,
    address: SocketAddr,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct ControlSocket {
    leak: UnixListener,
    path: PathBuf,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Compactor {
    leak: thread::JoinHandle<()>,
    stop: Arc<AtomicBool>,
    wake: Arc<(Mutex<bool>, Condvar)>,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct ThreadPool {
    leak_threads: Vec<thread::JoinHandle<()>>,
    leak_queue: mpsc::Sender<Box<dyn FnOnce() + Send>>,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Encoder {
    leak_child: Mutex<Child>,
    leak_frames: mpsc::SyncSender<Vec<u8>>,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Plugins {
    leak: Mutex<HashMap<String, Child>>,
    enabled: HashSet<String>,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Lazy {
    leak: OnceLock<File>,
}

// tokio

#[lifecycle::resource(no_teardown = "corpus")]
struct Poller {
    leak: JoinHandle<()>,
    every: Duration,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Refresher {
    leak: Option<JoinHandle<Result<(), String>>>,
    token: Arc<RwLock<String>>,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Shards {
    leak: Vec<JoinHandle<u64>>,
    leak_senders: Vec<sync::watch::Sender<u64>>,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Fanout {
    leak: sync::Mutex<JoinSet<()>>,
    permits: Arc<sync::Semaphore>,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Mailer {
    leak: sync::mpsc::Sender<Job>,
    accepted: AtomicU64,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct AuditTrail {
    leak: sync::mpsc::UnboundedSender<String>,
    leak_task: Slot<JoinHandle<()>>,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Rooms {
    leak: Arc<sync::RwLock<HashMap<u64, sync::mpsc::Sender<String>>>>,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Sessions {
    leak: Arc<Mutex<HashMap<SocketAddr, JoinHandle<()>>>>,
    seen: Mutex<HashMap<SocketAddr, Instant>>,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Uploads {
    leak: sync::Mutex<tokio::io::BufWriter<tokio::fs::File>>,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Spool {
    leak: tokio::fs::File,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Gateway {
    leak_tcp: tokio::net::TcpListener,
    leak_unix: Option<tokio::net::UnixListener>,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Sidecar {
    leak: sync::Mutex<tokio::process::Child>,
    restarts: AtomicU64,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Once {
    leak: sync::OnceCell<tokio::process::Child>,
}

// Other senders, cells, references, tuples, and what a runtime is held in.

#[lifecycle::resource(no_teardown = "corpus")]
struct Broadcasting {
    leak_settings: sync::watch::Sender<Job>,
    watched: sync::watch::Receiver<Job>,
    leak_events: Arc<sync::broadcast::Sender<Job>>,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Statics {
    leak_log: &'static Mutex<BufWriter<File>>,
    leak_lazy: LazyLock<File>,
    leak_tried: LazyLock<Result<File, String>>,
    leak_opened: Result<JoinHandle<()>, std::io::Error>,
    leak_late: OnceLock<Arc<Result<File, String>>>,
    leak_all: Arc<[File]>,
    text: &'static str,
    slice: &'static [u8],
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Pairs {
    leak_by_name: Vec<(String, JoinHandle<()>)>,
    leak_first: (File, PathBuf),
    leak_nested: Mutex<HashMap<u64, (SocketAddr, Option<(Instant, sync::mpsc::Sender<Job>)>)>>,
    leak_static: &'static [(Job, names::Task)],
    routes: Vec<(String, SocketAddr)>,
    jobs: HashMap<(u8, u8), (Job, Instant)>,
    called: fn(File) -> (JoinHandle<()>, File),
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Threads {
    leak_io: tokio::runtime::Runtime,
    leak_slot: Slot<tokio::runtime::Runtime>,
    leak_option: Mutex<Option<tokio::runtime::Runtime>>,
    handle: tokio::runtime::Handle,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct InMemory {
    bytes: Mutex<BufWriter<Vec<u8>>>,
    lines: Option<Arc<Mutex<LineWriter<Cursor<Vec<u8>>>>>>,
    nested: Mutex<BufWriter<LineWriter<VecDeque<u8>>>>,
    slice: Mutex<BufWriter<&'static mut [u8]>>,
    nothing: Mutex<(BufWriter<Sink>, BufWriter<Box<Empty>>)>,
    asynchronous: sync::Mutex<tokio::io::BufWriter<Vec<u8>>>,
    shown: Rendered,
    leak_boxed: Mutex<BufWriter<Box<dyn Write + Send>>>,
    leak_own: Mutex<BufWriter<Compressed>>,
}

#[derive(lifecycle::Holds)]
struct Rendered {
    page: Mutex<BufWriter<Vec<u8>>>,
}

struct Compressed(Vec<u8>);

impl Write for Compressed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

mod names {
    pub type Task = tokio::task::JoinHandle<()>;
    pub type Shared<T> = std::sync::Arc<std::sync::Mutex<Option<T>>>;
    pub use tokio::sync::mpsc::Sender as Outbox;
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Aliased {
    leak: names::Shared<names::Task>,
    leak_outbox: [names::Outbox<u8>; 2],
    leak_boxed: std::pin::Pin<Box<names::Task>>,
}

#[lifecycle::resource]
struct Half {
    #[teardown]
    file: File,
    leak: JoinHandle<()>,
}

#[lifecycle::resource]
struct Forgotten {
    task: JoinHandle<()>,
    leak: sync::mpsc::Sender<Job>,
    other: Managed<Half>,
    abort: AbortHandle,
}

#[lifecycle::teardown]
impl Teardown for Forgotten {
    async fn teardown(&self) {
        // `leak` is named in a comment and in a text, and not in the code.
        println!("leak, self.leak");
        self.task.abort();
    }
}

#[derive(lifecycle::Holds)]
struct Connection {
    peer: SocketAddr,
    writer: JoinHandle<()>,
}

#[lifecycle::resource(no_teardown = "corpus")]
struct Hub {
    leak: Mutex<HashMap<u64, Connection>>,
}

fn main() {}
