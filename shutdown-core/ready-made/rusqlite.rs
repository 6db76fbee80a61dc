use std::sync::Mutex;

use rusqlite::Connection;

lifecycle::known_types! {
    Connection, "the checkpoint of the write-ahead log", "close().map_err(|(_, error)| error)", blocking, take;
}

#[lifecycle::resource]
pub struct Database {
    #[teardown]
    pub connection: Mutex<Option<Connection>>,
}
