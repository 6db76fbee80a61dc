//! Carries out one start: steps the machine, and does what it says.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::sync::mpsc;

use super::attempt::{Ended, Given, Running};
use super::graph::{Graph, Starting};
use super::rows::Rows;
use crate::random;
use crate::report::{FactKind, Reason};
use crate::start::{Action, Event, Start};

/// Why a start ends before everything has started.
pub(super) enum Over {
    /// It has failed. The caller stops the service.
    Failed(Reason),
    /// The stop has begun.
    Stopping,
}

/// Starts these resources. Ends when everything has started, when the start has failed, or when the stop begins.
pub(super) async fn start(
    given: Given,
    roots: Vec<&'static Starting>,
    hint: &'static str,
) -> Result<Given, Over> {
    // One start at a time, so that two calls never start a resource twice.
    let _turn = given.lifecycle.engine().values.turn().await;
    if given.lifecycle.notices().stopping.is_fired() {
        return Err(Over::Stopping);
    }
    let graph = Graph::of(&roots, &given);
    if let Some(error) = graph.fault(hint) {
        return Err(Over::Failed(Reason::InvalidPlan { error }));
    }
    let (sender, ended) = mpsc::unbounded_channel();
    let now = given.lifecycle.now();
    let machine = graph.start(now);
    let running = Running::new(given.clone(), sender);
    let rows = Rows::new(now, &graph);
    let mut drive = Drive { given: given.clone(), graph, machine, running, ended, rows };
    let result = drive.run().await;
    drive.tell_end(&result);
    result.map(|()| given)
}

struct Drive {
    given: Given,
    graph: Graph,
    machine: Start,
    running: Running,
    ended: mpsc::UnboundedReceiver<Ended>,
    rows: Rows,
}

/// What happens next in a start.
enum Next {
    Ended(Ended),
    Tick,
    Stopping,
}

impl Drive {
    async fn run(&mut self) -> Result<(), Over> {
        loop {
            if let Some(result) = self.carry_out() {
                return result;
            }
            let next = self.next().await;
            if matches!(next, Next::Stopping) {
                return Err(Over::Stopping);
            }
            // An attempt whose time is up is given up before its end is read.
            let now = self.given.lifecycle.now();
            self.machine.on(now, Event::Tick, random::share());
            if let Some(result) = self.carry_out() {
                return result;
            }
            if let Next::Ended(ended) = next
                && let Some(event) = self.running.ended(ended)
            {
                self.machine.on(now, event, random::share());
            }
        }
    }

    /// Carries out the actions of the machine. Returns the end of the start.
    fn carry_out(&mut self) -> Option<Result<(), Over>> {
        let now = self.given.lifecycle.now();
        let lifecycle = &self.given.lifecycle;
        let values = &lifecycle.engine().values;
        for action in self.machine.take_actions() {
            match action {
                Action::Begin(item, number) => {
                    let starting = self.graph.get(item);
                    self.rows.begin(now, item, number);
                    if number == 1 {
                        values.await_one(starting.name(), None);
                        lifecycle.tell(FactKind::StartBegan { name: starting.name().into() });
                    }
                    self.running.begin(item, starting);
                }
                Action::GiveUp(item) => self.running.give_up(item),
                Action::Waits(item, error) => {
                    let name = self.graph.get(item).name();
                    values.await_one(name, Some(error.clone()));
                    lifecycle.tell(FactKind::StartWaits { name: name.into(), error });
                }
                Action::Started { item, attempts, took } => {
                    let name = self.graph.get(item).name();
                    values.has_started(name);
                    self.rows.started(now, item);
                    lifecycle.tell(FactKind::StartEnded { name: name.into(), attempts, took });
                }
                Action::Failed(failed) => {
                    self.rows.failed(now, failed.item, &failed.error);
                    return Some(Err(Over::Failed(self.graph.reason(failed))));
                }
                Action::Done => return Some(Ok(())),
            }
        }
        None
    }

    /// Tells what has started and what has not, if something had to.
    fn tell_end(&mut self, result: &Result<(), Over>) {
        let lifecycle = &self.given.lifecycle;
        let has_started = result.is_ok();
        if let Some(report) = self.rows.report(lifecycle.now(), has_started) {
            lifecycle.tell(FactKind::StartOver { report: Arc::new(report) });
        }
    }

    /// Waits for the end of an attempt, for the time of the next tick, and for a stop.
    async fn next(&mut self) -> Next {
        let now = self.given.lifecycle.now();
        let until = self.machine.wake_at().map(|at| at.saturating_duration_since(now));
        let ended = &mut self.ended;
        let event = async {
            let end = std::pin::pin!(ended.recv());
            match select(end, std::pin::pin!(sleep(until))).await {
                Either::Left((ended, _)) => ended.map_or(Next::Tick, Next::Ended),
                Either::Right(((), _)) => Next::Tick,
            }
        };
        let stopping = self.given.lifecycle.notices().stopping.wait();
        match select(std::pin::pin!(stopping), std::pin::pin!(event)).await {
            Either::Left(_) => Next::Stopping,
            Either::Right((next, _)) => next,
        }
    }
}

impl Drop for Drive {
    fn drop(&mut self) {
        self.given.lifecycle.engine().values.await_nothing();
    }
}

async fn sleep(until: Option<Duration>) {
    match until {
        Some(until) => tokio::time::sleep(until).await,
        None => std::future::pending().await,
    }
}
