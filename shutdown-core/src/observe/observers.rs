//! The observers of one lifecycle: each reads the facts on a thread of its own, and none can delay the stop (R34).

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock, mpsc};
use std::time::{Duration, Instant};

use crate::report::{Fact, FactKind};
use crate::sync::catch::catch;
use crate::sync::thread::{Helper, Tick};
use crate::sync::{Counter, Flag};

/// The number of facts that may wait for a slow observer. Further facts are dropped and counted. The report is kept.
const MAX_WAITING_FACTS: usize = 1_024;

/// The name of the thread of an observer.
const NAME: &str = "lc-observer";

/// A function of the program that receives facts.
type Observe = Arc<dyn Fn(&Fact) + Send + Sync>;

/// Makes what an observer does while nothing is told.
type MakeTick = Arc<dyn Fn() -> Tick + Send + Sync>;

/// The observers that a program declares.
#[derive(Clone, Default)]
pub(crate) struct Declared(Vec<Declaration>);

#[derive(Clone)]
struct Declaration {
    name: Cow<'static, str>,
    observe: Observe,
    tick: Option<MakeTick>,
}

impl Declared {
    pub(crate) fn add(&mut self, name: Cow<'static, str>, observe: impl Fn(&Fact) + Send + Sync + 'static) {
        self.0.push(Declaration { name, observe: Arc::new(observe), tick: None });
    }

    /// Adds an observer that also does something at intervals, on the same thread. It does not take the facts of single
    /// teardowns.
    #[cfg(feature = "metrics")]
    pub(crate) fn add_ticking(
        &mut self,
        name: Cow<'static, str>,
        observe: impl Fn(&Fact) + Send + Sync + 'static,
        tick: impl Fn() -> Tick + Send + Sync + 'static,
    ) {
        self.0.push(Declaration { name, observe: Arc::new(observe), tick: Some(Arc::new(tick)) });
    }

    pub(crate) fn append(&mut self, mut others: Declared) {
        self.0.append(&mut others.0);
    }

    pub(crate) fn into_observers(self) -> Observers {
        let observer = |Declaration { name, observe, tick }| {
            let (state, thread) = (Arc::default(), OnceLock::new());
            Observer { name, observe, tick, state, thread }
        };
        Observers(self.0.into_iter().map(observer).collect())
    }
}

impl fmt::Debug for Declared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|declared| &declared.name)).finish()
    }
}

/// The observers of one lifecycle.
pub(crate) struct Observers(Vec<Observer>);

struct Observer {
    name: Cow<'static, str>,
    observe: Observe,
    tick: Option<MakeTick>,
    state: Arc<State>,
    /// The thread, from the first fact on. `None` if it could not be started.
    thread: OnceLock<Option<Helper>>,
}

/// What is known of an observer that does not work as it should.
#[derive(Default)]
struct State {
    dropped: Counter,
    panicked: Flag,
}

impl Observers {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether any observer takes the facts of teardowns.
    pub(crate) fn take_teardowns(&self) -> bool {
        self.0.iter().any(Observer::takes_teardowns)
    }

    /// Passes a fact to each observer. Never waits.
    pub(crate) fn tell(&self, fact: &Arc<Fact>) {
        for observer in &self.0 {
            if observer.takes_teardowns() || !fact.kind.is_of_a_teardown() {
                observer.tell(Arc::clone(fact));
            }
        }
    }

    /// Waits until every fact has been received, for at most `limit` altogether. Returns a sentence about each observer
    /// that did not receive them all.
    pub(crate) fn settle(&self, limit: Duration) -> Vec<String> {
        let until = Instant::now() + limit;
        let (sender, ends) = mpsc::channel();
        let asked =
            self.0.iter().enumerate().filter(|(number, observer)| observer.ask(*number, &sender)).count();
        drop(sender);
        let mut is_done = vec![false; self.0.len()];
        for _ in 0..asked {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(number) = ends.recv_timeout(left) else { break };
            is_done[number] = true;
        }
        self.0.iter().zip(is_done).filter_map(|(observer, is_done)| observer.fault(is_done)).collect()
    }
}

impl Observer {
    fn tell(&self, fact: Arc<Fact>) {
        let limit = if matches!(fact.kind, FactKind::Sealed { .. }) { usize::MAX } else { MAX_WAITING_FACTS };
        let (observe, state) = (Arc::clone(&self.observe), Arc::clone(&self.state));
        let job = move || {
            if catch(|| observe(&fact)).is_err() {
                state.panicked.set();
            }
        };
        let thread = self.thread.get_or_init(|| self.start());
        if !thread.as_ref().is_some_and(|thread| thread.run_if_queue_is_below(limit, job)) {
            self.state.dropped.next();
        }
    }

    /// An observer that ticks sees at the next tick what a teardown has changed.
    fn takes_teardowns(&self) -> bool {
        self.tick.is_none()
    }

    fn start(&self) -> Option<Helper> {
        match &self.tick {
            Some(tick) => Helper::start_with(NAME, tick()).ok(),
            None => Helper::start(NAME).ok(),
        }
    }

    /// Asks for a message after the last fact. Returns whether one will come.
    fn ask(&self, number: usize, sender: &mpsc::Sender<usize>) -> bool {
        let Some(Some(thread)) = self.thread.get() else { return false };
        let sender = sender.clone();
        thread.run(move || {
            let _ = sender.send(number);
        });
        true
    }

    /// Returns what went wrong. `is_done` says whether the observer has received the last fact.
    fn fault(&self, is_done: bool) -> Option<String> {
        let name = &self.name;
        match (self.thread.get()?, self.state.dropped.given()) {
            (None, _) => {
                Some(format!("the observer `{name}` received nothing: its thread could not be started"))
            }
            _ if !is_done => Some(format!(
                "the observer `{name}` did not receive the end of the stop: it is slow, or hangs"
            )),
            (_, 0) if self.state.panicked.is_set() => Some(format!("the observer `{name}` panicked")),
            (_, 0) => None,
            (_, count) => Some(format!(
                "the observer `{name}` was too slow for {count} facts, which it did not receive"
            )),
        }
    }
}
