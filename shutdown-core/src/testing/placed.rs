//! Requests that stand at chosen places at the instant of a stop.

use std::net::SocketAddr;
use std::time::Instant;

use super::client::{Client, get};
use super::outcome::Outcome;
use super::tally::Tally;

/// Requests that a test places around the instant of a stop, each on a connection of its own.
///
/// Where a request stands depends on what the test does between the calls:
///
/// | place | how |
/// |---|---|
/// | in the accept queue | `service.freeze()`, then [`requests`](Placed::requests), then the signal and `service.thaw()` |
/// | half a head | [`half_heads`](Placed::half_heads), then the signal |
/// | half a body | [`half_bodies`](Placed::half_bodies), then the signal |
/// | right before the signal | [`requests`](Placed::requests), then the signal |
/// | in the lame duck | the signal, then [`requests`](Placed::requests) |
///
/// [`finish`](Placed::finish) sends the second halves, and counts each outcome. [`Tally::lost_at`] returns the losses of one
/// place.
///
/// # Examples
///
/// ```no_run
/// # fn test(mut service: lifecycle::testing::Service) {
/// use lifecycle::testing::Placed;
///
/// let mut placed = Placed::at(service.socket_address());
/// placed.half_bodies(5, "/orders");
/// service.freeze();
/// placed.requests("in the accept queue", 50, "/");
/// service.terminate();
/// service.thaw();
/// let tally = placed.finish();
/// service.stopped().exited(0);
/// lifecycle::assert_lost!(tally, 0);
/// # }
/// ```
#[derive(Debug)]
pub struct Placed {
    address: SocketAddr,
    requests: Vec<Request>,
    /// The answer of a protocol that is not HTTP.
    answer: Option<Vec<u8>>,
}

#[derive(Debug)]
struct Request {
    place: String,
    sent: Instant,
    client: Result<Client, Outcome>,
    /// The second half.
    rest: Vec<u8>,
}

/// The body of a request with half a body.
const BODY: &[u8] = b"the whole body";

impl Placed {
    /// Places requests at this address.
    pub fn at(address: SocketAddr) -> Placed {
        Placed { address, requests: Vec::new(), answer: None }
    }

    /// Expects exactly these bytes as the answer to each request, in place of an HTTP response.
    ///
    /// ```no_run
    /// # fn test(mut service: lifecycle::testing::Service) {
    /// use lifecycle::testing::Placed;
    ///
    /// let mut placed = Placed::at(service.socket_address()).expecting(b"+OK\r\n");
    /// placed.bytes("half a command", 5, b"SET app", b"les 3\r\n");
    /// service.terminate();
    /// lifecycle::assert_lost!(placed.finish(), 0);
    /// # }
    /// ```
    #[must_use = "the requests go through the value that is returned"]
    pub fn expecting(mut self, answer: &[u8]) -> Placed {
        self.answer = Some(answer.to_owned());
        self
    }

    /// Sends `count` requests `GET path`, which the tally calls `place`.
    pub fn requests(&mut self, place: &str, count: usize, path: &str) {
        self.place(place, count, &get(path), &[]);
    }

    /// Sends half of the head of `count` requests `GET path`.
    pub fn half_heads(&mut self, count: usize, path: &str) {
        let whole = get(path);
        let (first, rest) = whole.split_at(whole.len() / 2);
        self.place("half a head", count, first, rest);
    }

    /// Sends the head and half of the body of `count` requests `POST path`.
    pub fn half_bodies(&mut self, count: usize, path: &str) {
        let (first, rest) = BODY.split_at(BODY.len() / 2);
        let head = format!("POST {path} HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n\r\n", BODY.len());
        self.place("half a body", count, &[head.as_bytes(), first].concat(), rest);
    }

    /// Sends `bytes` over `count` connections, and `rest` at the end. See [`expecting`](Placed::expecting) for a protocol that
    /// is not HTTP.
    pub fn bytes(&mut self, place: &str, count: usize, bytes: &[u8], rest: &[u8]) {
        self.place(place, count, bytes, rest);
    }

    fn place(&mut self, place: &str, count: usize, first: &[u8], rest: &[u8]) {
        for _ in 0..count {
            let sent = Instant::now();
            let client = Client::try_connect(self.address).and_then(|mut client| {
                client.try_send(first)?;
                Ok(client)
            });
            let place = place.to_owned();
            self.requests.push(Request { place, sent, client, rest: rest.to_vec() });
        }
    }

    /// Sends the second halves, waits for each response, and returns the outcomes.
    pub fn finish(self) -> Tally {
        let mut tally = Tally::default();
        for Request { place, sent, mut client, rest } in self.requests {
            if let Ok(open) = &mut client
                && let Err(outcome) = open.try_send(&rest)
                // The response may be there all the same.
                && outcome != Outcome::Reset
            {
                client = Err(outcome);
            }
            let read = |mut client: Client| match &self.answer {
                Some(answer) => client.answer(answer),
                None => client.outcome(),
            };
            let outcome = client.map_or_else(|outcome| outcome, read);
            if outcome.is_answered() {
                tally.answered(outcome, None, sent);
            } else {
                tally.failed_at(place, outcome);
            }
        }
        tally
    }
}
