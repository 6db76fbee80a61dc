//! What the lint says to write in the `unreleased_field_in_*` that are refused, as it says it.
#![allow(dead_code)]

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    fs::File,
    io::BufWriter,
    sync::{Arc, Mutex, OnceLock},
};

use lifecycle::Slot;
use tokio::{sync::OnceCell, task::JoinHandle};

struct Client;

impl Client {
    async fn flush(&self) {}
}

lifecycle::needs_release!(Client, "events", "flush");

/// "write `#[teardown]` on the field"
#[lifecycle::resource]
struct AsItIs {
    #[teardown]
    slot: Slot<JoinHandle<()>>,
    #[teardown]
    mutex_of_an_option: Mutex<Option<JoinHandle<()>>>,
    #[teardown]
    async_mutex: tokio::sync::Mutex<JoinHandle<()>>,
    #[teardown]
    mutex_of_a_map: Mutex<BTreeMap<u16, JoinHandle<()>>>,
    #[teardown]
    mutex_of_a_queue: tokio::sync::Mutex<VecDeque<JoinHandle<()>>>,
}

/// "make it a `..` and write `#[teardown]` on it", where `_` is what it was.
#[lifecycle::resource]
struct AsItSays {
    #[teardown]
    in_an_option: Option<lifecycle::Slot<JoinHandle<()>>>,
    #[teardown]
    in_a_box: Box<lifecycle::Slot<JoinHandle<()>>>,
    #[teardown]
    in_a_pinned_box: Box<lifecycle::Slot<JoinHandle<()>>>,
    #[teardown]
    in_a_vec: Vec<lifecycle::Slot<JoinHandle<()>>>,
    #[teardown]
    in_a_queue: VecDeque<lifecycle::Slot<JoinHandle<()>>>,
    #[teardown]
    in_a_map: HashMap<u16, lifecycle::Slot<JoinHandle<()>>>,
    #[teardown]
    in_a_sorted_map: BTreeMap<u16, lifecycle::Slot<JoinHandle<()>>>,
    #[teardown]
    in_an_array: [lifecycle::Slot<JoinHandle<()>>; 2],
    #[teardown]
    in_an_array_of_options: [Option<lifecycle::Slot<JoinHandle<()>>>; 2],
    #[teardown]
    in_a_once_lock: OnceLock<lifecycle::Slot<JoinHandle<()>>>,
    #[teardown]
    in_a_once_cell: OnceCell<lifecycle::Slot<JoinHandle<()>>>,
    #[teardown]
    in_an_arc: Arc<lifecycle::Slot<JoinHandle<()>>>,
    // The lock makes way.
    #[teardown]
    in_a_mutex: lifecycle::Slot<JoinHandle<()>>,
    #[teardown]
    in_a_rw_lock: lifecycle::Slot<JoinHandle<()>>,
    #[teardown]
    in_an_arc_of_a_mutex: Arc<lifecycle::Slot<JoinHandle<()>>>,
    #[teardown]
    in_a_mutex_of_an_array: [lifecycle::Slot<JoinHandle<()>>; 2],
    #[teardown]
    in_a_rw_lock_of_a_map: Arc<std::sync::Mutex<HashMap<u16, JoinHandle<()>>>>,
    #[teardown]
    in_a_rw_lock_of_a_queue: std::sync::Mutex<VecDeque<JoinHandle<()>>>,
    #[teardown]
    in_a_rw_lock_of_buffers: std::sync::Mutex<Vec<BufWriter<File>>>,
    #[teardown]
    in_a_rw_lock_of_sets: std::sync::Mutex<Option<tokio::task::JoinSet<()>>>,
    #[teardown]
    file_in_a_rw_lock: std::sync::Mutex<File>,
    #[teardown]
    files_in_a_rw_lock: std::sync::Mutex<Vec<File>>,
    #[teardown]
    background_in_a_rw_lock: tokio::sync::Mutex<tokio::fs::File>,
    #[teardown]
    backgrounds_in_a_rw_lock: tokio::sync::Mutex<HashMap<u16, tokio::fs::File>>,
    #[teardown]
    own_in_a_rw_lock: Arc<tokio::sync::Mutex<Client>>,
    #[teardown]
    owns_in_a_rw_lock: tokio::sync::Mutex<BTreeMap<u16, Client>>,
    #[teardown]
    in_five_layers: lifecycle::Slot<JoinHandle<()>>,
    #[teardown]
    buffer: std::sync::Mutex<BufWriter<File>>,
    #[teardown]
    buffers: Vec<std::sync::Mutex<BufWriter<File>>>,
}

fn main() {}
