//! What became of one request.

use std::fmt;
use std::io;

/// The outcome of one request, as its client sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Outcome {
    /// A response with a status of 200 to 299.
    Answered,
    /// The same, with `Connection: close`: the response is the last one on its connection.
    AnsweredLast,
    /// Status 503 with `Retry-After`: the service asks the client to come again.
    Unavailable,
    /// Another status.
    Status(u16),
    /// A response that is not the one to this request, or a request that the client's machine could not send.
    Wrong,
    /// The kernel refused the connection: nobody listens.
    Refused,
    /// The connection was reset.
    Reset,
    /// The connection was closed before the first byte of a response.
    Empty,
    /// The connection was closed in the middle of a response.
    Cut,
    /// The client's time-out passed without a byte.
    TimedOut,
}

impl Outcome {
    /// Returns whether the client has the response that it asked for.
    pub fn is_answered(self) -> bool {
        matches!(self, Outcome::Answered | Outcome::AnsweredLast)
    }

    /// Returns the outcome of an operation on a connection that failed.
    pub(super) fn of(error: &io::Error) -> Outcome {
        match error.kind() {
            io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => Outcome::Refused,
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::NotConnected => Outcome::Reset,
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Outcome::TimedOut,
            // rustls: the connection ends without `close_notify`.
            io::ErrorKind::UnexpectedEof => Outcome::Cut,
            // The client's machine has no free descriptor or port.
            _ => Outcome::Wrong,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Outcome::Answered => "answered",
            Outcome::AnsweredLast => "answered, the last on its connection",
            Outcome::Unavailable => "answered with 503 and `Retry-After`",
            Outcome::Status(status) => return write!(f, "answered with {status}"),
            Outcome::Wrong => "went wrong",
            Outcome::Refused => "refused",
            Outcome::Reset => "reset",
            Outcome::Empty => "closed without a response",
            Outcome::Cut => "cut in the middle of the response",
            Outcome::TimedOut => "timed out",
        })
    }
}
