//! What a teardown knows of the stop around it, as plain data. The engine writes it, and `release` reads it.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, timeout};

use crate::report::{TEARDOWN, Unconfirmed};
use crate::sync::lock;
use crate::sync::notice::Notice;

/// The time that work has to hand its messages back to a broker after the drain has cut it off.
///
/// The connection to the broker stays open for as long. The time is the same in `consumer` and in `release`.
pub(crate) const LAST_WORD: Duration = Duration::from_millis(500);

/// The part of a teardown's time that a release keeps to report what did not end.
const TIME_TO_REPORT: Duration = Duration::from_millis(50);

tokio::task_local! {
    static CURRENT: TeardownScope;
}

/// The stop around one teardown. Its default holds for a teardown outside of a stop.
#[derive(Clone, Default)]
pub(crate) struct TeardownScope {
    /// The instant at which the stop began.
    pub(crate) stopping_since: Option<Instant>,
    /// The instant at which the engine gives this teardown up, during a stop.
    pub(crate) deadline: Option<Instant>,
    /// Whether the drain has cut off work that was still in flight.
    pub(crate) work_was_cut: bool,
    /// A notice for each consumer that still hands messages back. It fires once the consumer is done.
    pub(crate) last_words: Vec<Notice>,
    /// What this teardown could not confirm so far.
    pub(crate) doubts: Doubts,
}

/// What one teardown could not confirm (R22).
#[derive(Clone)]
pub(crate) struct Doubts(Arc<Mutex<Noted>>);

struct Noted {
    /// The step that runs.
    step: &'static str,
    reasons: Vec<Unconfirmed>,
    /// Whether the teardown has ended, so that nobody reads another reason.
    is_over: bool,
}

impl Default for Doubts {
    fn default() -> Doubts {
        Doubts(Arc::new(Mutex::new(Noted { step: TEARDOWN, reasons: Vec::new(), is_over: false })))
    }
}

impl Doubts {
    /// Gives a reason back if the teardown has ended.
    fn note(&self, reason: String) -> Result<(), String> {
        let mut noted = lock(&self.0);
        if noted.is_over {
            return Err(reason);
        }
        let step = noted.step;
        noted.reasons.push(Unconfirmed { step, reason });
        Ok(())
    }

    /// The teardown has ended, or was given up. Returns the reasons, once.
    pub(crate) fn end(&self) -> Vec<Unconfirmed> {
        let mut noted = lock(&self.0);
        noted.is_over = true;
        std::mem::take(&mut noted.reasons)
    }
}

/// Reports that this teardown cannot know whether something was lost (R22).
///
/// A teardown calls it and goes on. If the teardown ends without an error, the report says `unconfirmed: <reason>` in
/// place of `ok`: see [`Outcome::Unconfirmed`](crate::Outcome::Unconfirmed). The exit status stays 0, because nothing is
/// known to be lost. A log event at WARN says the same. A teardown that knows of a loss returns an error instead.
///
/// | the teardown | the reason is in |
/// |---|---|
/// | ends without an error | [`Outcome::Unconfirmed`](crate::Outcome::Unconfirmed), and the log |
/// | ends with an error or a panic | [`Outcome::Failed`](crate::Outcome::Failed), next to the failures, and the log |
/// | runs out of time | the log |
/// | is called by [`Managed::release`](crate::Managed::release), outside of a stop | the log |
///
/// The reason is a short phrase in lower case, without a full stop. It may be called several times, and on the thread of
/// a blocking step. It has to be called by the teardown itself: a task that the teardown spawns, and a thread that it
/// starts, are outside of it. A call outside of a teardown has no effect but a log event at WARN.
///
/// # Examples
///
/// ```
/// use lifecycle::{Lifecycle, Outcome, Teardown};
///
/// #[lifecycle::resource]
/// struct Statsd {
///     socket: std::net::UdpSocket,
/// }
///
/// #[lifecycle::teardown]
/// impl Teardown for Statsd {
///     async fn teardown(&self) -> std::io::Result<()> {
///         self.socket.send(b"stops:1|c")?;
///         lifecycle::unconfirmed("UDP has no acknowledgement, so the last metric may be lost");
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// # let peer = std::net::UdpSocket::bind("127.0.0.1:0")?;
/// # let address = peer.local_addr()?;
/// let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
/// socket.connect(address)?;
/// let report = Lifecycle::builder()
///     .run(async move {
///         lifecycle::manage(Statsd { socket });
///     })
///     .await;
/// assert!(matches!(report.instances[0].outcome, Outcome::Unconfirmed { .. }));
/// assert!(report.is_clean());
/// # Ok(())
/// # }
/// ```
#[doc(alias("fire and forget", "at most once", "best effort"))]
pub fn unconfirmed(reason: impl Into<String>) {
    let reason = reason.into();
    let noted = match CURRENT.try_with(|scope| scope.doubts.clone()) {
        Ok(doubts) => doubts.note(reason),
        Err(_) => Err(reason),
    };
    if let Err(reason) = noted {
        tracing::warn!("unconfirmed, outside of a teardown: {reason}");
    }
}

impl TeardownScope {
    /// Runs a teardown in this scope.
    pub(crate) fn around<F: Future>(self, teardown: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, teardown)
    }

    /// Runs a part of a teardown on a thread of its own in this scope.
    pub(crate) fn enter<R>(self, part: impl FnOnce() -> R) -> R {
        CURRENT.sync_scope(self, part)
    }

    /// Attributes each further doubt to this step.
    pub(crate) fn enter_step(step: &'static str) {
        let _ = CURRENT.try_with(|scope| lock(&scope.doubts.0).step = step);
    }

    /// Returns the scope of the teardown that calls this.
    pub(crate) fn current() -> TeardownScope {
        CURRENT.try_with(Clone::clone).unwrap_or_default()
    }

    /// Returns how long the stop has lasted, and zero outside of a stop.
    pub(crate) fn stopping_for(&self) -> Duration {
        self.stopping_since.map(|since| since.elapsed()).unwrap_or_default()
    }

    /// Returns the time that is left for this teardown. Outside of a stop there is no limit.
    pub(crate) fn remaining(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// Returns the time that a release may take: what is left, less the time to report what did not end. `None` means no
    /// limit.
    pub(crate) fn time_for_release(&self) -> Option<Duration> {
        self.remaining().map(|left| left.saturating_sub(TIME_TO_REPORT.min(left / 4)))
    }

    /// Runs a part of a release for that time. Returns `None` if the time is over.
    pub(crate) async fn in_time<F: Future>(&self, part: F) -> Option<F::Output> {
        match self.time_for_release() {
            Some(limit) => timeout(limit, part).await.ok(),
            None => Some(part.await),
        }
    }

    /// Waits until every consumer has handed back its messages, for at most [`LAST_WORD`].
    ///
    /// A connection to a broker calls this before it closes.
    pub(crate) async fn last_words(&self) {
        let _ = timeout(LAST_WORD, join_all(self.last_words.iter().map(Notice::wait))).await;
    }
}
