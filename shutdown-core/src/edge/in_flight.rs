//! What one server or one consumer has in flight: how much, what it is doing, and what the report notes about it.
//!
//! A piece of work costs one count of the gate while the service runs. Work is named only when the drain finds it
//! running, or when it is an upgraded connection, because naming takes a lock.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use slab::Slab;

use crate::engine::work::Work;
#[cfg(feature = "metrics")]
use crate::observe::metrics::Counts;
use crate::report::Straggler;
use crate::sync::gate::{Gate, Pass};
use crate::sync::lock;
use crate::sync::notice::Notice;

/// How many kinds of work a report names for each server.
const KINDS_IN_REPORT: usize = 16;

/// The words that a report uses for a server or a consumer.
pub(crate) struct Words {
    /// Its place among the counts of what is in flight.
    #[cfg(feature = "metrics")]
    pub(crate) count: fn(&mut Counts) -> &mut usize,
    /// What it is, and where: ``http at 127.0.0.1:8080``, ``consumer `orders` ``.
    pub(crate) owner: String,
    /// One piece of work that has not been named: `a connection`.
    pub(crate) unnamed: &'static str,
    /// What keeps it from ending when no work is in flight: `its listener`.
    pub(crate) source: &'static str,
    /// Whether work that is cut off still tells its outcome to a broker, whose connection has to stay open for that.
    pub(crate) has_last_word: bool,
}

/// The registry of one server or one consumer. It is asked by the engine under the engine's lock.
pub(crate) struct InFlight {
    words: Words,
    gate: Gate,
    /// Fires when the gate is closed and the last pass is back.
    ended: Notice,
    named: Mutex<Slab<Arc<dyn Describe>>>,
    notes: Mutex<BTreeMap<Note, Noted>>,
}

/// Names one piece of work. The methods are called under locks, so they run no user code and take no lock that is held
/// while work is named.
pub(crate) trait Describe: Send + Sync {
    /// Says what it is doing: `` `GET /slow` has no response yet``. Equal texts are counted together.
    fn doing(&self) -> String;

    /// Says for whom: the address of the client.
    fn client(&self) -> String;
}

/// A line of the report, with a count.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Note {
    /// The text for a count of one: `a message could not be handled`.
    pub(crate) once: &'static str,
    /// The text after a greater count: `messages could not be handled`.
    pub(crate) often: &'static str,
}

#[derive(Clone, Default)]
struct Noted {
    count: usize,
    last_error: Option<String>,
}

impl InFlight {
    pub(super) fn new(words: Words, of_lifecycle: Pass) -> Arc<InFlight> {
        let in_flight = Arc::new(InFlight {
            words,
            gate: Gate::new(),
            ended: Notice::unsharded(),
            named: Mutex::default(),
            notes: Mutex::default(),
        });
        let ended = in_flight.ended.clone();
        in_flight.gate.on_drained(move || {
            ended.fire();
            drop(of_lifecycle);
        });
        in_flight
    }

    /// Gives a pass for one piece of work. `None` once the registry is closed.
    pub(crate) fn pass(&self) -> Option<Pass> {
        self.gate.pass()
    }

    /// Gives a pass for work that a piece of work in flight has started and that may outlast it. `None` if nothing is
    /// in flight.
    pub(crate) fn join(&self) -> Option<Pass> {
        self.gate.join()
    }

    /// Whether any work is in flight.
    pub(crate) fn is_busy(&self) -> bool {
        self.gate.in_flight() > 0
    }

    /// Waits until the registry is closed and the last pass is back.
    pub(crate) async fn ended(&self) {
        self.gate.drained().await;
    }

    /// Names one of the pieces of work that have a pass, until the guard is dropped.
    pub(crate) fn name(self: &Arc<Self>, work: Arc<dyn Describe>) -> Named {
        let key = lock(&self.named).insert(work);
        Named { in_flight: Arc::clone(self), key }
    }

    /// Counts a line of the report, and says how often that has happened now. The report shows the last error.
    pub(crate) fn note(&self, note: Note, error: Option<String>) -> usize {
        let mut notes = lock(&self.notes);
        let line = notes.entry(note).or_default();
        line.count += 1;
        line.last_error = error.or(line.last_error.take());
        line.count
    }

    /// Gives what it is, and where: `http at 127.0.0.1:8080`.
    pub(crate) fn owner(&self) -> &str {
        &self.words.owner
    }
}

impl Work for InFlight {
    fn in_flight(&self) -> (Vec<Straggler>, usize) {
        if self.ended.is_fired() {
            return (Vec::new(), 0);
        }
        let Words { owner, unnamed, source, .. } = &self.words;
        let mut kinds: BTreeMap<String, (String, usize)> = BTreeMap::new();
        let mut named = 0;
        for (_, work) in &*lock(&self.named) {
            named += 1;
            kinds.entry(work.doing()).or_insert_with(|| (work.client(), 0)).1 += 1;
        }
        let others: usize = kinds.values().skip(KINDS_IN_REPORT).map(|(_, count)| count).sum();
        let mut stragglers: Vec<Straggler> = kinds
            .into_iter()
            .take(KINDS_IN_REPORT)
            .map(|(doing, (client, count))| {
                let and_others = if count > 1 { " and others" } else { "" };
                let doing = format!("{owner}: {doing}, for {client}{and_others}");
                Straggler::InFlight { doing, count }
            })
            .collect();
        // Work that has not been polled since the drain began has not been named.
        let others = others + self.gate.in_flight().saturating_sub(named);
        if others > 0 {
            stragglers.push(Straggler::InFlight { doing: format!("{owner}: {unnamed}"), count: others });
        } else if stragglers.is_empty() {
            stragglers.push(Straggler::InFlight { doing: format!("{owner}: {source}"), count: 1 });
        }
        (stragglers, 1)
    }

    #[cfg(feature = "metrics")]
    fn count(&self, counts: &mut Counts) -> bool {
        *(self.words.count)(counts) += self.gate.in_flight();
        !self.ended.is_fired()
    }

    fn notes(&self) -> Vec<String> {
        let line = |(note, noted): (&Note, &Noted)| {
            let owner = &self.words.owner;
            match (noted.count, &noted.last_error) {
                (1, None) => format!("{owner}: {}", note.once),
                (1, Some(error)) => format!("{owner}: {}: {error}", note.once),
                (count, None) => format!("{owner}: {count} {}", note.often),
                (count, Some(error)) => format!("{owner}: {count} {}, the last: {error}", note.often),
            }
        };
        lock(&self.notes).iter().map(line).collect()
    }

    fn last_word(&self) -> Option<Notice> {
        (self.words.has_last_word && !self.ended.is_fired()).then(|| self.ended.clone())
    }

    fn is_forgotten(&self) -> bool {
        self.ended.is_fired() && lock(&self.notes).is_empty()
    }
}

/// Names a piece of work while it exists.
pub(crate) struct Named {
    in_flight: Arc<InFlight>,
    key: usize,
}

impl Drop for Named {
    fn drop(&mut self) {
        let work = lock(&self.in_flight.named).try_remove(self.key);
        // Its `Drop` may come back here.
        drop(work);
    }
}

/// A server or a consumer that takes work. When this is dropped it takes no more, but what is in flight stays so.
pub(crate) struct Registered {
    in_flight: Arc<InFlight>,
}

impl Registered {
    pub(super) fn new(in_flight: Arc<InFlight>) -> Registered {
        Registered { in_flight }
    }

    /// Gives the registry, for what outlives the server itself.
    pub(crate) fn in_flight(&self) -> &Arc<InFlight> {
        &self.in_flight
    }

    /// Takes no more work, and waits for what is in flight.
    pub(crate) async fn finish(&self) {
        self.in_flight.gate.close();
        self.in_flight.ended().await;
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.in_flight.gate.close();
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::time::Duration;

    use super::super::{Edge, Lifecycle};
    use super::*;

    struct Request(&'static str);

    impl Describe for Request {
        fn doing(&self) -> String {
            format!("`{}` has no response yet", self.0)
        }

        fn client(&self) -> String {
            "a client".to_owned()
        }
    }

    const FAILED: Note = Note { once: "a message failed", often: "messages failed" };

    fn registered(has_last_word: bool) -> (Edge, Registered) {
        let lifecycle = Lifecycle::builder().grace(Duration::from_secs(1)).build();
        let edge = lifecycle.scope(|| Edge::expect("a test"));
        let words = Words {
            #[cfg(feature = "metrics")]
            count: |counts| &mut counts.connections,
            owner: "a server".to_owned(),
            unnamed: "a connection",
            source: "its listener",
            has_last_word,
        };
        let registered = edge.register(words).expect("the drain has not begun");
        (edge, registered)
    }

    fn named(in_flight: &InFlight) -> Vec<String> {
        in_flight.in_flight().0.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn work_is_named_by_what_it_does_then_by_number_then_by_its_source() {
        let (_edge, server) = registered(false);
        let in_flight = server.in_flight();
        assert_eq!(named(in_flight), ["a server: its listener"]);
        let passes: Vec<_> = (0..3).map(|_| in_flight.pass().expect("the registry is open")).collect();
        assert_eq!(named(in_flight), ["3 x a server: a connection"]);
        let names =
            [in_flight.name(Arc::new(Request("GET /a"))), in_flight.name(Arc::new(Request("GET /a")))];
        let both = "2 x a server: `GET /a` has no response yet, for a client and others";
        assert_eq!(named(in_flight), [both, "a server: a connection"]);
        drop((names, passes));
        assert_eq!(named(in_flight), ["a server: its listener"]);
    }

    #[test]
    fn kinds_that_are_not_named_are_counted() {
        let (_edge, server) = registered(false);
        let in_flight = server.in_flight();
        let paths: Vec<&'static str> =
            (10..40).map(|number| &*Box::leak(format!("GET /{number}").into_boxed_str())).collect();
        let _work: Vec<_> =
            paths.iter().map(|path| (in_flight.pass(), in_flight.name(Arc::new(Request(path))))).collect();
        let named = named(in_flight);
        assert_eq!(named.len(), KINDS_IN_REPORT + 1);
        assert_eq!(named[KINDS_IN_REPORT], "14 x a server: a connection");
    }

    #[test]
    fn the_lifecycle_waits_for_the_last_pass_and_then_forgets() {
        let (edge, server) = registered(true);
        let in_flight = Arc::clone(server.in_flight());
        let pass = in_flight.pass().expect("the registry is open");
        let before = edge.lifecycle().in_flight().gate.in_flight();
        drop(server);
        assert!(in_flight.pass().is_none());
        assert_eq!(edge.lifecycle().in_flight().gate.in_flight(), before);
        let last_word = in_flight.last_word().expect("work is in flight");
        assert!(!last_word.is_fired() && !in_flight.is_forgotten());
        drop(pass);
        assert_eq!(edge.lifecycle().in_flight().gate.in_flight(), before - 1);
        assert!(last_word.is_fired() && in_flight.is_forgotten());
        assert_eq!(in_flight.in_flight().1, 0);
        assert!(in_flight.last_word().is_none());
    }

    #[test]
    fn notes_are_counted_and_outlive_the_work() {
        let (_edge, server) = registered(false);
        let in_flight = Arc::clone(server.in_flight());
        assert_eq!(in_flight.note(FAILED, None), 1);
        assert_eq!(in_flight.notes(), ["a server: a message failed"]);
        assert_eq!(in_flight.note(FAILED, Some("no room".to_owned())), 2);
        assert_eq!(in_flight.note(FAILED, None), 3);
        assert_eq!(in_flight.notes(), ["a server: 3 messages failed, the last: no room"]);
        drop(server);
        assert!(!in_flight.is_forgotten());
        assert!(in_flight.last_word().is_none());
    }
}
