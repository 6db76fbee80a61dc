//! Clients that send requests to a service all the time.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::client::Client;
#[cfg(feature = "http2")]
use super::http2::Http2;
use super::outcome::Outcome;
use super::priority;
use super::response::Response;
use super::tally::Tally;
use crate::sync::{Flag, lock, wait_timeout_while};

/// The pause after a request that was lost. It keeps a client from counting one loss many times.
const AFTER_LOSS: Duration = Duration::from_millis(20);

/// The longest wait for the clients.
const PATIENCE: Duration = Duration::from_secs(60);

/// The stack of the thread of one client.
const STACK: usize = 256 * 1024;

/// A load on a service: clients that send the next request when they have the last response.
///
/// The clients do not repeat a request. So the [`Tally`] has each request that is lost.
///
/// # Examples
///
/// ```no_run
/// # fn test(mut service: lifecycle::testing::Service) {
/// use lifecycle::testing::{Load, Outcome};
///
/// let load = Load::on(service.socket_address()).start();
/// load.wait_for_answers(100);
/// service.terminate();
/// service.stopped().exited(0);
/// // After the stop, the kernel refuses new connections.
/// let tally = load.finish();
/// lifecycle::assert_lost!(tally, 0, except = [Outcome::Refused]);
/// # }
/// ```
#[derive(Debug)]
#[doc(alias("benchmark", "traffic"))]
pub struct Load {
    clients: Vec<JoinHandle<()>>,
    shared: Arc<Shared>,
}

/// What each request of a load sends, in addition to its path.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) method: String,
    pub(super) body: Option<Vec<u8>>,
}

/// One request of a load.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Asked {
    /// The number of the client, from 0.
    pub client: usize,
    /// The number of the request of this client, from 0.
    pub request: u64,
    /// The path that was requested.
    pub path: String,
}

type Path = dyn Fn(usize, u64) -> String + Send + Sync;
type Check = dyn Fn(&Asked, &Response) -> Result<Option<String>, String> + Send + Sync;

/// The settings of the clients of a [`Load`].
#[derive(Clone)]
#[must_use = "the clients do nothing until `start`"]
pub struct Clients {
    address: SocketAddr,
    count: usize,
    protocol: Protocol,
    /// The request and the answer of a protocol that is not HTTP.
    bytes: Option<Arc<Bytes>>,
    pause: Duration,
    rate: Option<f64>,
    leave_when_refused: bool,
    sent: Arc<Sent>,
    path: Arc<Path>,
    check: Arc<Check>,
}

#[derive(Debug)]
struct Bytes {
    request: Vec<u8>,
    answer: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    KeepAlive,
    NewConnections,
    #[cfg(feature = "http2")]
    Http2,
}

impl Load {
    /// Configures 24 clients that send `GET /` over HTTP/1.1. Each uses its connection until the server closes it.
    pub fn on(address: SocketAddr) -> Clients {
        Clients {
            address,
            count: 24,
            protocol: Protocol::KeepAlive,
            bytes: None,
            pause: Duration::ZERO,
            rate: None,
            leave_when_refused: false,
            sent: Arc::new(Sent { method: "GET".to_owned(), body: None }),
            path: Arc::new(|_, _| "/".to_owned()),
            check: Arc::new(|_, _| Ok(None)),
        }
    }

    /// Waits until the clients have received `more` further responses.
    ///
    /// # Panics
    ///
    /// If that takes longer than 60 s. The message has the tally.
    #[track_caller]
    pub fn wait_for_answers(&self, more: usize) {
        let enough = lock(&self.shared.tally).answers() + more;
        self.wait_until("it is answered", |tally| tally.answers() >= enough);
    }

    /// Waits until an instance has answered a request: see [`Clients::check`].
    ///
    /// # Panics
    ///
    /// If that takes longer than 60 s. The message has the tally.
    #[track_caller]
    pub fn wait_for_answer_of(&self, instance: impl fmt::Display) {
        self.wait_until(&format!("{instance} answers"), |tally| tally.answered_by(&instance) > 0);
    }

    #[track_caller]
    fn wait_until(&self, what: &str, holds: impl Fn(&Tally) -> bool) {
        let limit = PATIENCE;
        let tally =
            wait_timeout_while(&self.shared.counted, lock(&self.shared.tally), limit, |tally| !holds(tally));
        let (holds, now) = (holds(&tally), tally.clone());
        drop(tally);
        assert!(holds, "waited in vain until {what}: {now}{}", now.losses(&[]));
    }

    /// Returns the tally so far.
    pub fn tally(&self) -> Tally {
        lock(&self.shared.tally).clone()
    }

    /// Waits until each client has finished its current request, and returns the tally.
    #[track_caller]
    pub fn finish(mut self) -> Tally {
        self.shared.over.set();
        self.join()
    }

    /// Waits until the kernel has refused every client: see [`Clients::leaving_when_refused`]. Returns the tally.
    ///
    /// # Panics
    ///
    /// If the clients do not leave within 60 s.
    #[track_caller]
    pub fn finish_when_refused(mut self) -> Tally {
        let until = Instant::now() + PATIENCE;
        while self.clients.iter().any(|client| !client.is_finished()) {
            assert!(Instant::now() < until, "the clients do not leave: {}", self.tally());
            std::thread::sleep(Duration::from_millis(1));
        }
        self.join()
    }

    fn join(&mut self) -> Tally {
        for client in self.clients.drain(..) {
            if let Err(panic) = client.join() {
                std::panic::resume_unwind(panic);
            }
        }
        self.tally()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        // The threads of a test that has failed end by themselves.
        self.shared.over.set();
    }
}

impl Clients {
    /// Configures the number of clients. Each has at most one request in progress.
    pub fn clients(mut self, count: usize) -> Clients {
        self.count = count;
        self
    }

    /// Opens a connection for each request, with `Connection: close`.
    pub fn new_connections(mut self) -> Clients {
        self.protocol = Protocol::NewConnections;
        self
    }

    /// Sends the requests over HTTP/2 with prior knowledge, as gRPC does. Each client has one connection.
    #[cfg(feature = "http2")]
    pub fn http2(mut self) -> Clients {
        self.protocol = Protocol::Http2;
        self
    }

    /// Sends `request` in place of an HTTP request, and expects exactly the bytes `answer`.
    ///
    /// [`paths`](Clients::paths) and [`check`](Clients::check) do not apply. Some protocols do not announce the end of a
    /// connection. Their clients can send at the instant at which the server closes, so that the request is lost.
    /// [`new_connections`](Clients::new_connections) sends each request over a connection of its own.
    ///
    /// ```no_run
    /// # fn test(mut service: lifecycle::testing::Service) {
    /// use lifecycle::testing::{Load, Outcome};
    ///
    /// let load = Load::on(service.socket_address()).bytes(b"PING\r\n", b"+PONG\r\n").new_connections().start();
    /// load.wait_for_answers(100);
    /// service.terminate();
    /// service.stopped().exited(0);
    /// lifecycle::assert_lost!(load.finish(), 0, except = [Outcome::Refused]);
    /// # }
    /// ```
    pub fn bytes(mut self, request: &[u8], answer: &[u8]) -> Clients {
        self.bytes = Some(Arc::new(Bytes { request: request.to_owned(), answer: answer.to_owned() }));
        self
    }

    /// Configures the longest pause of a client between two requests. Half of the clients do not pause, and the others
    /// pause for different times up to this one. Defaults to no pause.
    ///
    /// A connection without a request is what a stop closes first.
    pub fn pause(mut self, pause: Duration) -> Clients {
        self.pause = pause;
        self
    }

    /// Sends this number of requests per second, by all clients together, at most as fast as the responses come.
    pub fn per_second(mut self, rate: u32) -> Clients {
        self.rate = Some(f64::from(rate));
        self
    }

    /// Requests this path.
    pub fn path(self, path: &str) -> Clients {
        let path = path.to_owned();
        self.paths(move |_, _| path.clone())
    }

    /// Requests the path that `path` returns for the number of the client and the number of its request.
    pub fn paths(mut self, path: impl Fn(usize, u64) -> String + Send + Sync + 'static) -> Clients {
        self.path = Arc::new(path);
        self
    }

    /// Sends this method in place of `GET`.
    ///
    /// # Panics
    ///
    /// If the method is `HEAD` or `CONNECT`, whose responses have no body.
    #[track_caller]
    pub fn method(mut self, method: &str) -> Clients {
        assert!(!["HEAD", "CONNECT"].contains(&method), "a load cannot send `{method}`: use `Client`");
        let body = self.sent.body.clone();
        self.sent = Arc::new(Sent { method: method.to_owned(), body });
        self
    }

    /// Sends this body with each request.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Clients {
        let method = self.sent.method.clone();
        self.sent = Arc::new(Sent { method, body: Some(body.into()) });
        self
    }

    /// Checks each response that has a status of 200 to 299.
    ///
    /// The result names the instance that answered, if the response tells, or says why the response is
    /// [wrong](Outcome::Wrong).
    pub fn check(
        mut self,
        check: impl Fn(&Asked, &Response) -> Result<Option<String>, String> + Send + Sync + 'static,
    ) -> Clients {
        self.check = Arc::new(check);
        self
    }

    /// Ends each client when the kernel refuses its connection.
    pub fn leaving_when_refused(mut self) -> Clients {
        self.leave_when_refused = true;
        self
    }

    /// Starts the clients.
    ///
    /// # Panics
    ///
    /// If the machine has no thread left.
    #[track_caller]
    pub fn start(self) -> Load {
        let shared = Arc::new(Shared {
            began: Instant::now(),
            over: Flag::new(),
            tally: Mutex::default(),
            counted: Condvar::new(),
        });
        let clients = (0..self.count).map(|number| {
            let (clients, shared) = (self.clone(), Arc::clone(&shared));
            let thread = std::thread::Builder::new().name(format!("client-{number}")).stack_size(STACK);
            let client = move || {
                priority::yield_to_others();
                clients.run(number, &shared);
            };
            thread.spawn(client).expect("a thread can be started")
        });
        Load { clients: clients.collect(), shared }
    }

    /// Is one client.
    fn run(&self, number: usize, shared: &Shared) {
        let pause = self.pause_of(number);
        let mut open = None;
        for request in 0_u64.. {
            self.wait_for_turn(number, request, shared);
            if shared.over.is_set() {
                return;
            }
            if self.rate.is_some() {
                open = open.take().and_then(|connection| still_open(connection, Duration::ZERO));
            }
            let asked = Asked { client: number, request, path: (self.path)(number, request) };
            let sent = Instant::now();
            let asks = match &self.bytes {
                Some(bytes) => self.ask_in_bytes(&mut open, bytes),
                None => self.ask(&mut open, &asked),
            };
            match asks {
                Ok((outcome, by)) => lock(&shared.tally).answered(outcome, by, sent),
                Err((outcome, why)) => {
                    open = None;
                    let after = shared.began.elapsed();
                    let name = match &self.bytes {
                        Some(bytes) => String::from_utf8_lossy(&bytes.request).trim_end().to_owned(),
                        None => asked.path,
                    };
                    let what = format!("after {after:.3?}: `{name}` {outcome}: {why}");
                    lock(&shared.tally).failed(outcome, what);
                    if outcome == Outcome::Refused && self.leave_when_refused {
                        shared.counted.notify_all();
                        return;
                    }
                    std::thread::sleep(AFTER_LOSS);
                }
            }
            shared.counted.notify_all();
            if !pause.is_zero() {
                match open.take() {
                    Some(connection) => open = still_open(connection, pause),
                    None => std::thread::sleep(pause),
                }
            }
        }
    }

    /// Waits until a request is to be sent, at a rate.
    fn wait_for_turn(&self, number: usize, request: u64, shared: &Shared) {
        let Some(rate) = self.rate else { return };
        #[expect(
            clippy::cast_precision_loss,
            reason = "the numbers of requests of a test are exact in 52 bits"
        )]
        let turn = (request as f64 * self.count as f64 + number as f64) / rate;
        let at = shared.began + Duration::from_secs_f64(turn);
        while !shared.over.is_set() && Instant::now() < at {
            std::thread::sleep(at.saturating_duration_since(Instant::now()).min(Duration::from_millis(20)));
        }
    }

    /// Returns the pause of client `number`.
    fn pause_of(&self, number: usize) -> Duration {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        if number.is_multiple_of(2) { Duration::ZERO } else { self.pause * (number % 16) / 15 }
    }

    /// Sends a request over `open`, or over a new connection, which stays in `open` if it stays open.
    fn ask(
        &self,
        open: &mut Option<Connection>,
        asked: &Asked,
    ) -> Result<(Outcome, Option<String>), Failure> {
        let last = self.protocol == Protocol::NewConnections;
        let (connection, response) = loop {
            let (mut connection, is_new) = match open.take() {
                Some(open) => (open, false),
                None => (Connection::open(self.address, self.protocol)?, true),
            };
            match connection.ask(&self.sent, &asked.path, last)? {
                Some(response) => break (connection, response),
                None if is_new => return Err((Outcome::Empty, "closed before the request".to_owned())),
                None => {}
            }
        };
        let outcome = response.outcome();
        if !outcome.is_answered() {
            return Err((outcome, response.text()));
        }
        let by = (self.check)(asked, &response).map_err(|why| (Outcome::Wrong, why))?;
        match (last, outcome) {
            // The end that closes first keeps the port for 1 min. A server uses only one port, so it closes first.
            (true, _) => connection.wait_for_close(),
            (false, Outcome::Answered) => *open = Some(connection),
            _ => {}
        }
        Ok((outcome, by))
    }
}

impl Clients {
    /// Sends a request of another protocol than HTTP, as [`ask`](Clients::ask) does.
    fn ask_in_bytes(
        &self,
        open: &mut Option<Connection>,
        bytes: &Bytes,
    ) -> Result<(Outcome, Option<String>), Failure> {
        let mut client = match open.take() {
            Some(Connection::Http1(client)) => client,
            _ => Client::try_connect(self.address).map_err(|outcome| (outcome, "connect".to_owned()))?,
        };
        client.try_send(&bytes.request).map_err(|outcome| (outcome, "write".to_owned()))?;
        match client.answer(&bytes.answer) {
            Outcome::Answered => {
                if self.protocol != Protocol::NewConnections {
                    *open = Some(Connection::Http1(client));
                }
                Ok((Outcome::Answered, None))
            }
            outcome => Err((outcome, "read".to_owned())),
        }
    }
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clients")
            .field("address", &self.address)
            .field("count", &self.count)
            .field("protocol", &self.protocol)
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Shared {
    began: Instant,
    over: Flag,
    tally: Mutex<Tally>,
    counted: Condvar,
}

/// The outcome of a request that was not answered, and its reason.
pub(super) type Failure = (Outcome, String);

/// Returns the bytes of a request.
fn http1(sent: &Sent, path: &str, last: bool) -> Vec<u8> {
    let Sent { method, body } = sent;
    let close = if last { "Connection: close\r\n" } else { "" };
    let length = body.as_ref().map(|body| format!("Content-Length: {}\r\n", body.len())).unwrap_or_default();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: test\r\n{length}{close}\r\n");
    [head.as_bytes(), body.as_deref().unwrap_or_default()].concat()
}

enum Connection {
    Http1(Client),
    #[cfg(feature = "http2")]
    Http2(Http2),
}

/// Returns the connection after a pause. A connection that the server has closed before the next request is not a loss.
fn still_open(mut connection: Connection, pause: Duration) -> Option<Connection> {
    connection.is_open_after(pause).then_some(connection)
}

impl Connection {
    fn open(address: SocketAddr, protocol: Protocol) -> Result<Connection, Failure> {
        match protocol {
            Protocol::KeepAlive | Protocol::NewConnections => {
                let client =
                    Client::try_connect(address).map_err(|outcome| (outcome, "connect".to_owned()))?;
                Ok(Connection::Http1(client))
            }
            #[cfg(feature = "http2")]
            Protocol::Http2 => Http2::open(address).map(Connection::Http2),
        }
    }

    /// Sends a request. Returns `None` if it was not sent, because the server had announced the end of the connection.
    fn ask(&mut self, sent: &Sent, path: &str, last: bool) -> Result<Option<Response>, Failure> {
        match self {
            Connection::Http1(client) => {
                client.try_send(&http1(sent, path, last)).map_err(|outcome| (outcome, "write".to_owned()))?;
                client.try_response().map(Some).map_err(|outcome| (outcome, "read".to_owned()))
            }
            #[cfg(feature = "http2")]
            Connection::Http2(connection) => connection.ask(sent, path),
        }
    }

    fn is_open_after(&mut self, pause: Duration) -> bool {
        match self {
            Connection::Http1(client) => client.is_open_after(pause),
            #[cfg(feature = "http2")]
            Connection::Http2(connection) => connection.is_open_after(pause),
        }
    }

    fn wait_for_close(self) {
        match self {
            Connection::Http1(mut client) => client.gone(),
            #[cfg(feature = "http2")]
            Connection::Http2(_) => {}
        }
    }
}
