//! The fixture, started.

use std::net::SocketAddr;

use crate::{Child, Client, Ended, Program};

/// A server in a process of its own, killed when this is dropped.
pub struct Server {
    /// The process.
    pub child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Server {
    /// Starts it, and waits until it answers.
    #[track_caller]
    pub fn start(program: Program) -> Server {
        let mut child = program.listening_to_us().start();
        let address = child.wait_for_start("listening at ").parse().expect("an address");
        let server = Server { child, address };
        assert_eq!(server.connect().get("/").answer().status, 200);
        server
    }

    /// A new connection.
    #[track_caller]
    pub fn connect(&self) -> Client {
        Client::connect(self.address)
    }

    /// A connection that was used once, and is idle.
    #[track_caller]
    pub fn connect_and_use(&self) -> Client {
        let mut client = self.connect();
        let answer = client.get("/").answer();
        assert!(answer.status == 200 && !answer.is_last(), "{answer:?}");
        client
    }

    /// Connections with a request under way that waits for [`go`](Server::go).
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

    /// Lets go what waits.
    #[track_caller]
    pub fn go(&mut self) {
        self.child.tell("go");
    }

    /// A client that sends no more than half of a request's head: the drain closes it after a second.
    #[track_caller]
    pub fn half_a_head(&self) -> Client {
        let mut client = self.connect();
        client.send(b"GET / HT");
        client
    }

    /// Asks it to stop.
    #[track_caller]
    pub fn stop(&mut self) {
        self.child.signal(libc::SIGTERM);
    }

    /// Waits until its notice has reached it.
    #[track_caller]
    pub fn hears_the_stop(&mut self) {
        self.child.wait_for("stopping");
    }

    /// Waits until the drain has begun.
    #[track_caller]
    pub fn drains(&mut self) {
        self.child.wait_for("draining");
    }

    /// Waits until it ends.
    #[track_caller]
    pub fn ended(self) -> Ended {
        self.child.ended()
    }
}

/// Makes room for `count` open files in this process, and in those that it starts.
///
/// # Panics
///
/// If the hard limit is lower.
pub fn raise_open_files(count: u64) {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: it fills in the local.
    let asked = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    assert_eq!(asked, 0, "{}", std::io::Error::last_os_error());
    assert!(
        limit.rlim_max >= count,
        "this test needs {count} open files, and the hard limit is {}: raise it (`ulimit -Hn {count}`, as root)",
        limit.rlim_max
    );
    if limit.rlim_cur < count {
        limit.rlim_cur = count;
        // SAFETY: it reads the local.
        let set = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) };
        assert_eq!(set, 0, "{}", std::io::Error::last_os_error());
    }
}
