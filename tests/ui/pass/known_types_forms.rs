//! Types of other crates that the crate's own list tells of, and what the messages about them say to write.
#![allow(dead_code)]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock},
};

mod known {
    use lifecycle_ui_other_crate as other;

    lifecycle::known_types! {
        other::Store, "the writes that are still in memory", "flush", blocking;
        impl<T: Send + Sync + 'static> other::Pool<T>, "its sessions", "close(200)";
        other::Connection, "the last statement", close, take;
    }
}

// The list may be in a module whose name for it the root re-exports.
pub(crate) use known::LifecycleKnownTypes;

// Names of the root that hide nothing in the modules.
type Pool = u8;
struct Slot;

mod storage {
    use std::sync::Arc;

    use lifecycle::Slot;
    use lifecycle_ui_other_crate::{Connection, Pool, Store};

    #[lifecycle::resource]
    pub struct Bare {
        #[teardown]
        store: Store,
        #[teardown]
        pools: Vec<Pool<u8>>,
        #[teardown]
        shared: Arc<Option<Pool<String>>>,
        #[teardown]
        taken: Slot<Pool<u16>>,
        #[teardown]
        connection: lifecycle::Slot<Connection>,
        #[teardown]
        file: std::fs::File,
    }
}

#[lifecycle::resource]
struct Wrapped {
    #[teardown]
    by_name: HashMap<String, Arc<lifecycle_ui_other_crate::Pool<()>>>,
    #[teardown]
    once: OnceLock<&'static lifecycle_ui_other_crate::Store>,
    #[teardown]
    tried: Result<lifecycle_ui_other_crate::Store, String>,
    #[teardown]
    connections: Mutex<Vec<lifecycle_ui_other_crate::Connection>>,
}

#[lifecycle::resource]
struct Generic<T> {
    #[teardown]
    store: lifecycle_ui_other_crate::Store,
    #[teardown]
    pool: lifecycle_ui_other_crate::Pool<T>,
}

fn main() {
    #[lifecycle::resource]
    struct Local {
        #[teardown]
        store: lifecycle_ui_other_crate::Store,
    }
}
