//! The folder and the port of one checkout, which its successor gets.

use std::net::SocketAddr;

use harness::Folder;
use rusqlite::Connection;
use tokio::net::TcpSocket;

/// The folder and the port of one checkout.
pub(crate) struct Home {
    pub(crate) folder: Folder,
    /// Bound without listening. Only a process that binds this port with `SO_REUSEADDR` can use it.
    port: TcpSocket,
}

impl Home {
    pub(crate) fn new(name: &str) -> Home {
        let port = TcpSocket::new_v4().expect("a socket is free");
        port.set_reuseaddr(true).expect("the option exists");
        port.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a port is free");
        Home { folder: Folder::new(name), port }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.port.local_addr().expect("the socket is bound")
    }

    fn database(&self) -> Connection {
        Connection::open(self.folder.path().join("orders.sqlite")).expect("the checkout has created it")
    }

    /// Returns the number of orders in the database of the checkout.
    pub(crate) fn count(&self) -> i64 {
        let count = "SELECT count(*) FROM orders";
        self.database().query_row(count, [], |row| row.get(0)).expect(count)
    }

    /// Returns the ids of these orders.
    pub(crate) fn orders(&self) -> Vec<String> {
        let database = self.database();
        let mut orders = database.prepare("SELECT id FROM orders").expect("the table exists");
        let orders = orders.query_map([], |row| row.get(0)).expect("the table exists");
        orders.map(|id| id.expect("an id is text")).collect()
    }

    /// Checks that a clean stop has sent all orders, because there may be no successor.
    #[track_caller]
    pub(crate) fn has_handed_on_all(&self) {
        let left = "SELECT count(*) FROM orders WHERE state <> 'handed on'";
        let left: i64 = self.database().query_row(left, [], |row| row.get(0)).expect(left);
        assert_eq!(left, 0, "orders are left in the database");
    }
}
