//! Ordinary resources: nothing in them is flagged.
#![deny(deprecated)]
#![allow(dead_code)]

use std::{
    any::Any,
    borrow::Cow,
    cell::Cell,
    collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, VecDeque},
    ffi::OsString,
    fmt,
    future::Future,
    net::{IpAddr, SocketAddr, TcpStream, UdpSocket},
    num::NonZeroU32,
    ops::Range,
    path::PathBuf,
    pin::Pin,
    sync::{
        Arc, Barrier, Condvar, LazyLock, Mutex, Once, OnceLock, RwLock, Weak,
        atomic::{AtomicBool, AtomicU64, AtomicUsize},
    },
    time::{Duration, Instant, SystemTime},
};

use lifecycle::{Gate, Lifecycle, Managed, Slot, Teardown};
use tokio::sync;

/// Users' own types that are only called as the known ones.
mod own {
    pub struct File(pub String);
    pub struct JoinHandle<T>(pub T);
    pub struct Sender<T>(pub T);
    pub struct Child;
    pub struct BufWriter<W>(pub W);
    pub struct Pool;
    pub struct Connection;

    impl JoinHandle<()> {
        pub fn close(&self) {}
        pub fn shutdown(&mut self) {}
    }

    impl Drop for Connection {
        fn drop(&mut self) {}
    }
}

trait Port: Send + Sync + 'static {
    fn send(&self);
}

#[derive(Clone, Default)]
struct Config {
    url: String,
    limits: Vec<u32>,
}

struct Metrics {
    requests: AtomicU64,
    by_path: Mutex<HashMap<String, u64>>,
}

#[derive(lifecycle::Holds)]
struct Shown {
    db: Managed<Unit>,
    config: Config,
}

type Callback = Box<dyn Fn(&str) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// A type that is written as a macro.
macro_rules! vec_of {
    ($ty:ty) => {
        Vec<$ty>
    };
}

#[lifecycle::resource(no_teardown = "memory only")]
struct Plain {
    name: String,
    id: u64,
    ratio: f64,
    on: bool,
    initial: char,
}

#[lifecycle::resource(no_teardown = "memory only")]
struct Collections {
    list: Vec<String>,
    queue: VecDeque<u8>,
    map: HashMap<String, Vec<u8>>,
    tree: BTreeMap<u8, BTreeSet<u8>>,
    set: HashSet<IpAddr>,
    heap: BinaryHeap<u8>,
}

#[lifecycle::resource(no_teardown = "memory only")]
struct Times(Duration, Instant, SystemTime);

#[lifecycle::resource(no_teardown = "memory only")]
struct Places {
    address: SocketAddr,
    path: PathBuf,
    os: OsString,
}

#[lifecycle::resource(no_teardown = "memory only")]
struct Counters {
    a: AtomicBool,
    b: AtomicUsize,
    c: Arc<AtomicU64>,
}

#[lifecycle::resource(no_teardown = "memory only")]
struct Locked {
    config: RwLock<Config>,
    cached: Mutex<Option<Config>>,
    once: OnceLock<Config>,
    lazy: LazyLock<Config>,
}

#[lifecycle::resource(no_teardown = "memory only")]
struct AsyncLocked {
    config: sync::RwLock<Config>,
    cached: sync::Mutex<Config>,
    once: sync::OnceCell<Config>,
}

#[lifecycle::resource(no_teardown = "memory only")]
struct Signalling {
    notify: sync::Notify,
    permits: Arc<sync::Semaphore>,
    barrier: sync::Barrier,
    other: Barrier,
    condvar: Condvar,
    once: Once,
}

#[lifecycle::resource(no_teardown = "memory only")]
struct Listening {
    watched: sync::watch::Receiver<Config>,
    broadcast: sync::Mutex<sync::broadcast::Receiver<Config>>,
    weak: sync::broadcast::WeakSender<Config>,
}

#[lifecycle::resource(no_teardown = "memory only")]
struct Receiving {
    queue: sync::Mutex<sync::mpsc::Receiver<u8>>,
    answer: Mutex<Option<sync::oneshot::Sender<u8>>>,
    weak: sync::mpsc::WeakSender<u8>,
}

#[lifecycle::resource(no_teardown = "memory only")]
struct Sockets {
    stream: TcpStream,
    udp: UdpSocket,
    asynchronous: tokio::net::TcpStream,
}

#[lifecycle::resource(no_teardown = "memory only")]
struct SameNames {
    file: own::File,
    task: own::JoinHandle<()>,
    tasks: Arc<Mutex<Vec<own::JoinHandle<u8>>>>,
    sender: own::Sender<u8>,
    child: own::Child,
    writer: own::BufWriter<Vec<u8>>,
}

#[lifecycle::resource(no_teardown = "memory only")]
struct ClosableByLooks {
    pool: own::Pool,
    connection: own::Connection,
}

#[lifecycle::resource(no_teardown = "memory only")]
struct Buffers {
    memory: Vec<u8>,
    text: Cow<'static, str>,
    slice: &'static [u8],
    array: [u32; 16],
    boxed: Box<[u8]>,
    shared: Arc<str>,
}

#[lifecycle::resource(no_teardown = "memory only")]
struct Dynamic {
    port: Arc<dyn Port>,
    ports: Vec<Box<dyn Port>>,
    any: Box<dyn Any + Send + Sync>,
    callback: Callback,
}

#[lifecycle::resource(no_teardown = "memory only")]
struct Functions {
    plain: fn(u8) -> u8,
    takes: fn(std::fs::File) -> tokio::task::JoinHandle<()>,
    generic: for<'a> fn(&'a str) -> &'a str,
}

#[lifecycle::resource(no_teardown = "memory only")]
struct Observed {
    metrics: Arc<Metrics>,
    weak: Weak<Metrics>,
    file: Weak<std::fs::File>,
    abort: tokio::task::AbortHandle,
    runtime: tokio::runtime::Handle,
}

#[lifecycle::resource(no_teardown = "memory only")]
struct Ours {
    gate: Gate,
    lifecycle: Lifecycle,
    notice: tokio::sync::watch::Receiver<bool>,
    slot: Slot<Config>,
}

#[lifecycle::resource(no_teardown = "memory only")]
struct Handles {
    unit: Managed<Unit>,
    option: Option<Managed<Unit>>,
    list: Vec<Arc<Managed<Unit>>>,
}

#[lifecycle::resource(no_teardown = "memory only")]
struct Chain {
    next: Option<Managed<Self>>,
    previous: Vec<Managed<Chain>>,
}

#[lifecycle::resource(no_teardown = "memory only")]
struct Nested {
    shown: Shown,
    config: Config,
    metrics: Metrics,
}

#[lifecycle::resource(no_teardown = "memory only")]
struct Small {
    number: NonZeroU32,
    range: Range<u8>,
    unit: (),
    pair: (u8, Config),
    result: Result<u8, String>,
    pairs: Vec<(Config, Arc<Config>)>,
    reference: &'static Config,
    lazy: LazyLock<Result<Config, String>>,
}

#[lifecycle::resource(no_teardown = "memory only")]
struct Tuple(Config, Arc<Config>, Option<Box<Config>>);

#[lifecycle::resource(no_teardown = "memory only")]
struct Marker(std::marker::PhantomData<tokio::task::JoinHandle<()>>);

#[lifecycle::resource(no_teardown = "memory only")]
struct Formatting {
    arguments: fn(&mut fmt::Formatter<'_>) -> fmt::Result,
}

#[lifecycle::resource(no_teardown = "memory only")]
struct Macros {
    list: vec_of!(u8),
    one: vec_of!(Config),
}

#[lifecycle::resource(no_teardown = "memory only")]
struct Random {
    state: std::collections::hash_map::RandomState,
    thread: std::thread::ThreadId,
    command: Mutex<std::process::Command>,
}

#[lifecycle::resource(no_teardown = "memory only")]
struct Addresses {
    parsed: Vec<SocketAddr>,
    by_name: HashMap<String, Vec<IpAddr>>,
}

#[lifecycle::resource(no_teardown = "memory only")]
struct Unit {}

#[lifecycle::resource]
struct Impl {
    config: Config,
    cell: Mutex<Cell<u8>>,
}

#[lifecycle::teardown]
impl Teardown for Impl {
    async fn teardown(&self) {}
}

#[lifecycle::resource(no_teardown = "memory only")]
struct Generic<T, const N: usize> {
    items: [T; N],
    task: Option<tokio::task::JoinHandle<()>>,
}

fn main() {}
