//! A running fixture.

use std::net::SocketAddr;

use crate::{Child, Client, Ended, Program};

/// A server in its own process. The drop of this value kills the process.
pub struct Server {
    /// The child process.
    pub child: Child,
    /// The address at which the server listens.
    pub address: SocketAddr,
}

impl Server {
    /// Starts the server, and waits until it has answered a request.
    #[track_caller]
    pub fn start(program: Program) -> Server {
        let mut child = program.piped_stdin().start();
        let address = child.wait_for_start("listening at ").parse().expect("an address");
        let server = Server { child, address };
        assert_eq!(server.connect().get("/").response().status, 200);
        server
    }

    /// Opens a connection.
    #[track_caller]
    pub fn connect(&self) -> Client {
        Client::connect(self.address)
    }

    /// Opens a connection, uses it once, and leaves it idle.
    #[track_caller]
    pub fn connect_and_use(&self) -> Client {
        let mut client = self.connect();
        let answer = client.get("/").response();
        assert!(answer.status == 200 && !answer.is_last(), "{answer:?}");
        client
    }

    /// Opens `count` connections, each with a request in progress that waits for [`go`](Server::go).
    #[track_caller]
    pub fn at_work(&mut self, count: usize) -> Vec<Client> {
        let clients: Vec<Client> = (0..count)
            .map(|at| {
                let mut client = self.connect();
                client.get(&format!("/wait/{at}"));
                client
            })
            .collect();
        for at in 0..count {
            self.child.wait_for(&format!("at work: /wait/{at}"));
        }
        clients
    }

    /// Lets the waiting requests finish.
    #[track_caller]
    pub fn go(&mut self) {
        self.child.tell("go");
    }

    /// Opens a connection and sends a partial request head. The drain closes the connection after 1 s.
    #[track_caller]
    pub fn half_a_head(&self) -> Client {
        let mut client = self.connect();
        client.send(b"GET / HT");
        client
    }

    /// Sends SIGTERM.
    #[track_caller]
    pub fn stop(&mut self) {
        self.child.signal(libc::SIGTERM);
    }

    /// Waits until the stop has begun.
    #[track_caller]
    pub fn hears_the_stop(&mut self) {
        self.child.wait_for("stopping");
    }

    /// Waits until the drain has begun.
    #[track_caller]
    pub fn drains(&mut self) {
        self.child.wait_for("draining");
    }

    /// Waits until the process has exited.
    #[track_caller]
    pub fn stopped(self) -> Ended {
        self.child.stopped()
    }
}

/// Raises the limit of open files to `count` for this process and its children.
///
/// # Panics
///
/// Panics if the hard limit is lower than `count`.
pub fn raise_open_files(count: u64) {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `getrlimit` writes only to the local `limit`.
    let asked = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    assert_eq!(asked, 0, "{}", std::io::Error::last_os_error());
    assert!(
        limit.rlim_max >= count,
        "this test needs {count} open files, and the hard limit is {}: raise it (`ulimit -Hn {count}`, as root)",
        limit.rlim_max
    );
    if limit.rlim_cur < count {
        limit.rlim_cur = count;
        // SAFETY: `setrlimit` only reads the local `limit`.
        let set = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) };
        assert_eq!(set, 0, "{}", std::io::Error::last_os_error());
    }
}
