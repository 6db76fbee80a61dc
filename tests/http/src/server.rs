//! A running fixture, and its clients.

use std::net::SocketAddr;
use std::time::Duration;

use lifecycle::testing::{Client, Outcome, Program, Service, Stopped, Tally};

/// Starts the server, and waits until it has answered a request.
#[track_caller]
pub fn start(program: Program) -> Service {
    let server = listening(program);
    assert_eq!(Client::ask_once(server.socket_address(), "/"), Outcome::Answered);
    server
}

/// Starts the server, and waits until it listens.
#[track_caller]
pub fn listening(program: Program) -> Service {
    program.piped_stdin().prints_address("listening at ").start()
}

/// Requires that work lasted until the end of the drain in a grace of 2 s, and that one line of the report has these parts.
///
/// The drain ends shortly before the grace, so that the report has time.
#[track_caller]
pub fn cut_off(ended: &Stopped, named: &[&str]) {
    let grace = Duration::from_secs(2);
    ended.exited(70).not_before(grace / 2).within(grace);
    let [server, .., last] = named else { panic!("the name of the server, and the work: {named:?}") };
    let (server, last) = (format!("{server} at 127.0.0.1:"), format!("{last}, for 127.0.0.1:"));
    ended.reported(named).reported(&[&server, &last]);
}

/// What the fixture does, and the connections of its clients.
pub trait Fixture {
    /// Opens a connection.
    fn connect(&self) -> Client;

    /// Opens `count` connections. Then each client sends a GET for `path`.
    fn ask(&self, count: usize, path: &str) -> Vec<Client>;

    /// Opens a connection, uses it once, and leaves it idle.
    fn connect_and_use(&self) -> Client;

    /// Opens `count` connections, each with a request in progress that waits for [`go`](Fixture::go).
    fn at_work(&mut self, count: usize) -> Vec<Client>;

    /// Opens a connection with a request for `path` in progress.
    fn busy(&mut self, path: &str) -> Client;

    /// Lets the waiting requests finish.
    fn go(&mut self);

    /// Opens a connection and sends a partial request head. The drain closes the connection after 1 s.
    fn half_a_head(&self) -> Client;

    /// Sends SIGTERM to the frozen process, and continues it.
    fn terminate_and_thaw(&mut self);

    /// Sends SIGTERM, and waits until the stop has begun.
    fn terminate_and_stop(&mut self);

    /// Sends SIGTERM, and waits until the drain has begun.
    fn terminate_and_drain(&mut self);

    /// Waits until the drain has begun.
    fn drains(&mut self);

    /// Opens a connection that is busy with `path` when the drain begins. The next request on it is too late.
    fn found_busy(&mut self, path: &str) -> Client;

    /// Returns the address of the probes on a port of their own.
    fn probes(&mut self) -> SocketAddr;
}

impl Fixture for Service {
    #[track_caller]
    fn connect(&self) -> Client {
        Client::connect(self.socket_address())
    }

    #[track_caller]
    fn ask(&self, count: usize, path: &str) -> Vec<Client> {
        let mut clients: Vec<Client> = (0..count).map(|_| self.connect()).collect();
        clients.all_get(path);
        clients
    }

    #[track_caller]
    fn connect_and_use(&self) -> Client {
        let mut client = self.connect();
        assert_eq!(client.get("/").outcome(), Outcome::Answered);
        client
    }

    #[track_caller]
    fn at_work(&mut self, count: usize) -> Vec<Client> {
        (0..count).map(|at| self.busy(&format!("/wait/{at}"))).collect()
    }

    #[track_caller]
    fn busy(&mut self, path: &str) -> Client {
        let mut client = self.connect();
        client.get(path);
        self.wait_for(&format!("at work: {}", path.split('?').next().unwrap_or(path)));
        client
    }

    #[track_caller]
    fn go(&mut self) {
        self.tell("go");
    }

    #[track_caller]
    fn half_a_head(&self) -> Client {
        let mut client = self.connect();
        client.send(b"GET / HT");
        client
    }

    #[track_caller]
    fn terminate_and_thaw(&mut self) {
        self.terminate();
        self.thaw();
    }

    #[track_caller]
    fn terminate_and_stop(&mut self) {
        self.terminate();
        self.wait_for("stopping");
    }

    #[track_caller]
    fn terminate_and_drain(&mut self) {
        self.terminate();
        self.drains();
    }

    #[track_caller]
    fn found_busy(&mut self, path: &str) -> Client {
        let client = self.busy(path);
        // Connections learn of the drain in order of arrival. If the later ones have closed, this one knows of it.
        let mut later: Vec<Client> = (0..10).map(|_| self.connect_and_use()).collect();
        self.terminate();
        later.all_closed();
        client
    }

    #[track_caller]
    fn drains(&mut self) {
        self.wait_for("draining");
    }

    #[track_caller]
    fn probes(&mut self) -> SocketAddr {
        self.wait_for_start("probes at ").parse().expect("an address")
    }
}

/// What many clients do one after the other.
pub trait Clients {
    /// Each client sends a GET for `path`.
    fn all_get(&mut self, path: &str);

    /// Counts the outcome of each client.
    fn outcomes(&mut self) -> Tally;

    /// Requires that each client has an answer, which may be the last one.
    fn all_answered(&mut self);

    /// Requires that each client has its last answer, and waits until the server has closed each connection.
    fn all_answered_last(&mut self);

    /// Waits until the server has closed each connection.
    fn all_closed(&mut self);
}

impl Clients for [Client] {
    #[track_caller]
    fn all_get(&mut self, path: &str) {
        for client in self {
            client.get(path);
        }
    }

    #[track_caller]
    fn outcomes(&mut self) -> Tally {
        self.iter_mut().map(Client::outcome).collect()
    }

    #[track_caller]
    fn all_answered(&mut self) {
        self.outcomes().all_answered(self.len());
    }

    #[track_caller]
    fn all_answered_last(&mut self) {
        for client in self {
            assert_eq!(client.outcome(), Outcome::AnsweredLast);
            client.closed();
        }
    }

    #[track_caller]
    fn all_closed(&mut self) {
        for client in self {
            client.closed();
        }
    }
}

/// Raises the limit of open files to `count` for this process and its children.
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
