//! Clients that ask as fast as they are answered.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lifecycle_process_tests::PATIENCE;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::client::{Answer, Connection, Failure};
use crate::tally::{Outcome, Tally};

/// What the clients of a load are like.
#[derive(Clone, Copy, Debug)]
pub struct Clients {
    /// How many there are, each with at most one request at a time.
    pub count: usize,
    /// Whether a connection is used until the server wants it closed, or for one request.
    pub keep_alive: bool,
    /// The longest pause that one of them makes between two requests; the others make shorter ones.
    pub pause: Duration,
    /// Whether a client goes home when it finds the doors closed.
    pub leave_when_refused: bool,
}

impl Clients {
    /// Two dozen that use each connection until the server wants it closed. Half of them pause for up to 10 ms.
    pub fn keep_alive() -> Clients {
        Clients { count: 24, keep_alive: true, pause: Duration::from_millis(10), leave_when_refused: false }
    }

    /// Two dozen that open a connection for each request.
    pub fn new_connections() -> Clients {
        Clients { count: 24, keep_alive: false, pause: Duration::ZERO, leave_when_refused: false }
    }

    /// And go home when they find the doors closed.
    #[must_use]
    pub fn leaving_when_refused(self) -> Clients {
        Clients { leave_when_refused: true, ..self }
    }

    /// How long client `number` pauses.
    fn pause_of(&self, number: usize) -> Duration {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        if number.is_multiple_of(2) { Duration::ZERO } else { self.pause * (number % 16) / 15 }
    }
}

/// Clients at work, until they are told to finish.
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
    /// Lets `clients` ask whoever listens at `address`.
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

    /// Waits until so many more requests have been answered.
    #[track_caller]
    pub fn wait_for_answers(&self, more: usize) {
        let enough = self.shared.tally().count(Outcome::Answered) + more;
        self.wait_until("it is answered", |tally| tally.count(Outcome::Answered) >= enough);
    }

    /// Waits until the process `pid` has answered something.
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

    /// Lets each client finish the request that it is at.
    #[track_caller]
    pub fn finish(self) -> Tally {
        self.shared.over.store(true, Ordering::Relaxed);
        self.finish_when_refused()
    }

    /// Waits until all clients have found the doors closed, and left.
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
            match self.ask(open.take(), &target, !clients.keep_alive).await {
                Ok((by, kept)) => {
                    self.tally().answered(by);
                    open = kept;
                }
                Err((outcome, why)) => {
                    self.tally().failed(outcome, self.began.elapsed(), &why);
                    if outcome == Outcome::Refused && clients.leave_when_refused {
                        return;
                    }
                    // One loss is counted once, and not as often as a client can run against a wall.
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
            self.answered.notify_all();
            if !pause.is_zero() {
                // What the server has closed before it was asked again is no loss.
                match &open {
                    Some(connection) if !connection.is_open_after(pause).await => open = None,
                    Some(_) => {}
                    None => tokio::time::sleep(pause).await,
                }
            }
        }
    }

    /// Asks on this connection, or a new one. Who answered, and the connection, if it stays open.
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
        // `PID TARGET`, so that an answer to somebody else's question is seen.
        let by = body.strip_suffix(target).and_then(|pid| pid.trim_end().parse().ok());
        match (status, by) {
            (200, Some(by)) => Ok((by, (!closes).then_some(connection))),
            (500.., _) => Err((Outcome::ServerError, format!("{status} for {target}"))),
            _ => Err((Outcome::Wrong, format!("{status} `{body}` for {target}"))),
        }
    }
}
