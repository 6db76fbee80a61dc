//! Clients that send the next request as soon as they have the last response, until no server listens any more.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;

use crate::{grpc, http1};

/// Clients that keep their connection.
const KEEP_ALIVE: u32 = 32;
/// Of these clients, the number that pause between two requests. The others do not.
const WITH_PAUSES: u32 = 8;
const LONGEST_PAUSE: Duration = Duration::from_millis(24);
/// Clients that open a connection for each request.
const FRESH: u32 = 8;

/// The outcome of one request.
#[derive(Debug)]
pub enum Asked {
    /// The expected response arrived. The client opens a new connection if `closes` is true.
    Answered {
        /// Whether the connection ends with this response.
        closes: bool,
    },
    /// The request could not be sent, or the server said that it has not begun to process it. The client knows that it can
    /// send the request again.
    NotSent,
    /// The complete request was sent, and no response arrived.
    Lost(String),
}

/// What the clients counted.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// The number of complete requests.
    pub sent: usize,
    /// The number of complete requests without a response, with the reason of each.
    pub lost: Vec<String>,
    /// Whether the slow request, which was in flight when the stop began, was answered.
    pub slow_answered: bool,
}

/// Which protocol the clients speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    Http1,
    /// gRPC over HTTP/2.
    Grpc,
}

impl Protocol {
    /// Returns the target of a request that is answered at once.
    fn quick(self) -> &'static str {
        match self {
            Protocol::Http1 => "/",
            Protocol::Grpc => "",
        }
    }

    /// Returns the target of a request that takes 2 s.
    fn slow(self) -> &'static str {
        match self {
            Protocol::Http1 => "/slow",
            Protocol::Grpc => "slow",
        }
    }
}

/// Running clients.
#[derive(Debug)]
pub struct Load {
    clients: JoinSet<()>,
    leaving: Arc<AtomicBool>,
    tally: Arc<Mutex<Tally>>,
}

impl Load {
    /// Starts the clients.
    pub fn start(address: SocketAddr, protocol: Protocol) -> Load {
        let tally = Arc::new(Mutex::new(Tally::default()));
        let leaving = Arc::new(AtomicBool::new(false));
        let client =
            || Client { address, protocol, leaving: Arc::clone(&leaving), tally: Arc::clone(&tally) };
        let mut clients = JoinSet::new();
        for number in 0..KEEP_ALIVE + FRESH {
            let pause = if number < WITH_PAUSES { LONGEST_PAUSE / (number + 1) } else { Duration::ZERO };
            clients.spawn(client().ask_on(number < KEEP_ALIVE, pause));
        }
        clients.spawn(client().ask_slowly());
        Load { clients, leaving, tally }
    }

    /// Sends only the slow request, and returns after the server has begun to process it.
    pub async fn start_slow(address: SocketAddr, protocol: Protocol) -> Load {
        let (tally, leaving) = (Arc::default(), Arc::default());
        let client =
            || Client { address, protocol, leaving: Arc::clone(&leaving), tally: Arc::clone(&tally) };
        let mut clients = JoinSet::new();
        clients.spawn(client().ask_slowly());
        // Each of these connections is accepted after that of the slow request.
        for _ in 0..5 {
            let mut connection = client().open().await.expect("the server listens");
            let asked = connection.ask(protocol.quick(), true).await;
            assert!(matches!(asked, Asked::Answered { .. }), "{asked:?}");
        }
        Load { clients, leaving, tally }
    }

    /// Makes each client leave before it would open a new connection, as if a load balancer sent it to another instance.
    pub fn leave(&self) {
        self.leaving.store(true, Ordering::Relaxed);
    }

    /// Returns the number of requests so far.
    pub fn sent(&self) -> usize {
        lock(&self.tally).sent
    }

    /// Waits until no server listens any more and each client has its last response.
    pub async fn finish(mut self) -> Tally {
        while let Some(ended) = self.clients.join_next().await {
            ended.expect("a client does not panic");
        }
        lock(&self.tally).clone()
    }
}

fn lock(tally: &Mutex<Tally>) -> MutexGuard<'_, Tally> {
    tally.lock().unwrap_or_else(PoisonError::into_inner)
}

enum Connection {
    Http1(http1::Connection),
    Grpc(grpc::Connection),
}

struct Client {
    address: SocketAddr,
    protocol: Protocol,
    leaving: Arc<AtomicBool>,
    tally: Arc<Mutex<Tally>>,
}

impl Client {
    /// Opens a connection. Returns `None` if nobody listens any more.
    async fn open(&self) -> Option<Connection> {
        let opened = match self.protocol {
            Protocol::Http1 => http1::Connection::open(self.address).await.map(Connection::Http1),
            Protocol::Grpc => grpc::Connection::open(self.address).await.map(Connection::Grpc),
        };
        // A lack of descriptors or ports would end the load early.
        let over = |error: &io::Error| {
            use io::ErrorKind::{
                BrokenPipe, ConnectionRefused, ConnectionReset, NotConnected, Other, TimedOut,
            };
            matches!(
                error.kind(),
                BrokenPipe | ConnectionRefused | ConnectionReset | NotConnected | Other | TimedOut
            )
        };
        match opened {
            Ok(connection) => Some(connection),
            Err(error) if over(&error) => None,
            Err(error) => panic!("cannot connect: {error}"),
        }
    }

    async fn ask_on(self, keep_alive: bool, pause: Duration) {
        let mut kept = None;
        loop {
            let mut connection = match kept.take() {
                Some(connection) => connection,
                None if self.leaving.load(Ordering::Relaxed) => return,
                None => match self.open().await {
                    Some(connection) => connection,
                    None => return,
                },
            };
            let asked = connection.ask(self.protocol.quick(), !keep_alive).await;
            self.count(&asked);
            let stays = matches!(asked, Asked::Answered { closes: false });
            if keep_alive && stays && connection.is_open_after(pause).await {
                kept = Some(connection);
            }
        }
    }

    async fn ask_slowly(self) {
        let mut connection = self.open().await.expect("the server listens");
        let asked = connection.ask(self.protocol.slow(), false).await;
        lock(&self.tally).slow_answered = matches!(asked, Asked::Answered { .. });
        self.count(&asked);
    }

    fn count(&self, asked: &Asked) {
        let mut tally = lock(&self.tally);
        match asked {
            Asked::Answered { .. } => tally.sent += 1,
            Asked::NotSent => {}
            Asked::Lost(why) => {
                tally.sent += 1;
                tally.lost.push(why.clone());
            }
        }
    }
}

impl Connection {
    async fn ask(&mut self, target: &str, last: bool) -> Asked {
        match self {
            Connection::Http1(connection) => connection.ask(target, last).await,
            Connection::Grpc(connection) => connection.ask(target).await,
        }
    }

    async fn is_open_after(&self, pause: Duration) -> bool {
        match self {
            _ if pause.is_zero() => true,
            Connection::Http1(connection) => connection.is_open_after(pause).await,
            Connection::Grpc(_) => {
                tokio::time::sleep(pause).await;
                true
            }
        }
    }
}
