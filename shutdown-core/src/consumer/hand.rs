//! What a consumer has in hand, for the drain and for the report.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::{ConsumeError, Error, LAST_WORD};
use crate::engine::lifecycle::Lifecycle;
use crate::engine::work::Work;
use crate::report::Straggler;
use crate::sync::gate::{Gate, Pass};
use crate::sync::lock;
use crate::sync::notice::Notice;

/// The messages in hand. The consumer holds one pass of the lifecycle's gate, which goes back when it has ended and the
/// last message is answered for.
pub(super) struct Hand {
    name: Cow<'static, str>,
    gate: Gate,
    over: AtomicBool,
    /// Fires when it is over.
    emptied: Notice,
    /// Handlers that failed or panicked.
    failures: AtomicUsize,
    unanswered: Mutex<Option<(Error, usize)>>,
}

impl Hand {
    /// `None` if the drain has begun.
    pub(super) fn open(lifecycle: &Lifecycle, name: Cow<'static, str>) -> Option<Arc<Hand>> {
        let pass = lifecycle.pass()?;
        let hand = Arc::new(Hand {
            name,
            gate: Gate::new(),
            over: AtomicBool::new(false),
            emptied: Notice::new(),
            failures: AtomicUsize::new(0),
            unanswered: Mutex::new(None),
        });
        lifecycle.works().add(Arc::clone(&hand) as Arc<dyn Work>);
        let weak = Arc::downgrade(&hand);
        hand.gate.on_drained(move || {
            if let Some(hand) = weak.upgrade() {
                hand.over.store(true, Ordering::Relaxed);
                hand.emptied.fire();
            }
            drop(pass);
        });
        Some(hand)
    }

    /// For one message; `None` once the hand is closed.
    pub(super) fn pass(&self) -> Option<Pass> {
        self.gate.pass()
    }

    /// Nothing more is taken.
    pub(super) fn close(&self) {
        self.gate.close();
    }

    pub(super) async fn empty(&self) {
        self.gate.drained().await;
    }

    /// At the stop: should the drain cut something off, the process stays until that is handed back, and says what is
    /// not.
    pub(super) fn stay(self: &Arc<Hand>, lifecycle: &Lifecycle) {
        let hand = Arc::clone(self);
        let name = format!("consumer {}", self.name);
        lifecycle.defer(name, move || async move {
            if tokio::time::timeout(LAST_WORD, hand.empty()).await.is_err() {
                return Err(ConsumeError::Receipts("the broker has not heard of what was cut off".into(), 1));
            }
            hand.take_unanswered()
        });
    }

    /// A handler failed; the first one and every hundredth is worth a line.
    pub(super) fn note_failure(&self, what: &str) {
        if self.failures.fetch_add(1, Ordering::Relaxed).is_multiple_of(100) {
            tracing::warn!(consumer = &*self.name, "a message could not be handled: {what}");
        }
    }

    pub(super) fn note_receipt(&self, answered: Result<(), Error>) {
        if let Err(error) = answered {
            let mut unanswered = lock(&self.unanswered);
            unanswered.get_or_insert((error, 0)).1 += 1;
        }
    }

    pub(super) fn take_unanswered(&self) -> Result<(), ConsumeError> {
        let unanswered = lock(&self.unanswered).take();
        unanswered.map_or(Ok(()), |(error, count)| Err(ConsumeError::Receipts(error, count)))
    }
}

impl Work for Hand {
    fn in_flight(&self) -> (Vec<Straggler>, usize) {
        if self.over.load(Ordering::Relaxed) {
            return (Vec::new(), 0);
        }
        let straggler = match self.gate.in_flight() {
            0 => Straggler::InFlight { doing: format!("consumer `{}`: its source", self.name), count: 1 },
            count => {
                Straggler::InFlight { doing: format!("consumer `{}`: a message in hand", self.name), count }
            }
        };
        (vec![straggler], 1)
    }

    fn notes(&self) -> Vec<String> {
        match self.failures.load(Ordering::Relaxed) {
            0 => Vec::new(),
            1 => vec![format!("consumer `{}`: a message could not be handled", self.name)],
            count => vec![format!("consumer `{}`: {count} messages could not be handled", self.name)],
        }
    }

    fn last_word(&self) -> Option<Notice> {
        (!self.over.load(Ordering::Relaxed)).then(|| self.emptied.clone())
    }

    fn is_forgotten(&self) -> bool {
        self.over.load(Ordering::Relaxed) && self.failures.load(Ordering::Relaxed) == 0
    }
}
