//! Clients that send the next request as soon as they have the last response.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lifecycle_process_tests::PATIENCE;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::client::{Answer, Connection, Failure};
use crate::tally::{Outcome, Tally};

/// The configuration of the clients of a load.
#[derive(Clone, Copy, Debug)]
pub struct Clients {
    /// The number of clients. Each client has at most one request in progress.
    pub count: usize,
    /// If true, a client uses its connection until the server closes it. If false, it opens a connection for
    /// each request.
    pub keep_alive: bool,
    /// The longest pause of a client between two requests. The other clients pause for less.
    pub pause: Duration,
    /// If true, a client ends when the kernel refuses its connection.
    pub leave_when_refused: bool,
}

impl Clients {
    /// Configures 24 clients that use each connection until the server closes it. Half of them pause for up
    /// to 10 ms.
    pub fn keep_alive() -> Clients {
        Clients { count: 24, keep_alive: true, pause: Duration::from_millis(10), leave_when_refused: false }
    }

    /// Configures 24 clients that open a connection for each request.
    pub fn new_connections() -> Clients {
        Clients { count: 24, keep_alive: false, pause: Duration::ZERO, leave_when_refused: false }
    }

    /// Ends each client when the kernel refuses its connection.
    #[must_use]
    pub fn leaving_when_refused(self) -> Clients {
        Clients { leave_when_refused: true, ..self }
    }

    /// Returns the pause of client `number`.
    fn pause_of(&self, number: usize) -> Duration {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        if number.is_multiple_of(2) { Duration::ZERO } else { self.pause * (number % 16) / 15 }
    }
}

/// A set of running clients.
#[derive(Debug)]
pub struct Load {
    runtime: Runtime,
    clients: JoinSet<()>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    address: SocketAddr,
    began: Instant,
    over: AtomicBool,
    tally: Mutex<Tally>,
    answered: Condvar,
}

impl Load {
    /// Starts `clients`, which send requests to `address`.
    #[track_caller]
    pub fn start(address: SocketAddr, clients: Clients) -> Load {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).enable_all().build().expect("a runtime");
        let shared = Arc::new(Shared {
            address,
            began: Instant::now(),
            over: AtomicBool::new(false),
            tally: Mutex::default(),
            answered: Condvar::new(),
        });
        let mut tasks = JoinSet::new();
        for number in 0..clients.count {
            tasks.spawn_on(Arc::clone(&shared).ask_on(clients, number), runtime.handle());
        }
        Load { runtime, clients: tasks, shared }
    }

    /// Waits until the clients have received `more` further responses.
    #[track_caller]
    pub fn wait_for_answers(&self, more: usize) {
        let enough = self.shared.tally().count(Outcome::Answered) + more;
        self.wait_until("it is answered", |tally| tally.count(Outcome::Answered) >= enough);
    }

    /// Waits until the process `pid` has answered a request.
    #[track_caller]
    pub fn wait_for_answer_of(&self, pid: u32) {
        self.wait_until(&format!("{pid} answers"), |tally| tally.answered_by(pid) > 0);
    }

    #[track_caller]
    fn wait_until(&self, what: &str, holds: impl Fn(&Tally) -> bool) {
        let tally = self.shared.tally();
        let waited = self.shared.answered.wait_timeout_while(tally, PATIENCE, |tally| !holds(tally));
        let (tally, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let (holds, now) = (holds(&tally), tally.clone());
        drop(tally);
        assert!(holds, "waited in vain until {what}: {now}");
    }

    /// Waits until each client has finished its current request, and returns the tally.
    #[track_caller]
    pub fn finish(self) -> Tally {
        self.shared.over.store(true, Ordering::Relaxed);
        self.finish_when_refused()
    }

    /// Waits until the kernel has refused every client, and returns the tally.
    #[track_caller]
    pub fn finish_when_refused(mut self) -> Tally {
        let all = async { while self.clients.join_next().await.is_some() {} };
        let over = self.runtime.block_on(async { tokio::time::timeout(PATIENCE, all).await.is_ok() });
        let tally = self.shared.tally().clone();
        assert!(over, "the clients do not come to an end: {tally}");
        tally
    }
}

impl Shared {
    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask_on(self: Arc<Self>, clients: Clients, number: usize) {
        let pause = clients.pause_of(number);
        let mut open = None;
        for request in 0_u64.. {
            if self.over.load(Ordering::Relaxed) {
                return;
            }
            let target = format!("/{number}/{request}");
            let sent = Instant::now();
            match self.ask(open.take(), &target, !clients.keep_alive).await {
                Ok((by, kept)) => {
                    self.tally().answered(by, sent);
                    open = kept;
                }
                Err((outcome, why)) => {
                    self.tally().failed(outcome, self.began.elapsed(), &why);
                    if outcome == Outcome::Refused && clients.leave_when_refused {
                        return;
                    }
                    // The pause keeps a client from counting the same loss many times.
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
            self.answered.notify_all();
            if !pause.is_zero() {
                // A connection that the server has closed before the next request is not a loss.
                match &open {
                    Some(connection) if !connection.is_open_after(pause).await => open = None,
                    Some(_) => {}
                    None => tokio::time::sleep(pause).await,
                }
            }
        }
    }

    /// Sends a request over `open`, or over a new connection. Returns the process id of the server. The
    /// connection is returned too if it stays open.
    async fn ask(
        &self,
        open: Option<Connection>,
        target: &str,
        last: bool,
    ) -> Result<(u32, Option<Connection>), Failure> {
        let mut connection = match open {
            Some(open) => open,
            None => Connection::open(self.address).await?,
        };
        let Answer { status, closes, body } = connection.ask(target, last).await?;
        // The body is `PID TARGET`, so that the client detects a response to another request.
        let by = body.strip_suffix(target).and_then(|pid| pid.trim_end().parse().ok());
        match (status, by) {
            (200, Some(by)) => Ok((by, (!closes).then_some(connection))),
            (500.., _) => Err((Outcome::ServerError, format!("{status} for {target}"))),
            _ => Err((Outcome::Wrong, format!("{status} `{body}` for {target}"))),
        }
    }
}
