//! The spans of a stop, so that a trace viewer draws it: `stop`, in it one for each stage, and in these one for each
//! teardown.
//!
//! ```text
//! stop ─┬─ at notice Registry
//!       ├─ lame duck
//!       ├─ drain
//!       └─ cleanup ─┬─ teardown Orders
//!                   └─ teardown Store
//! ```
//!
//! A subscriber takes the times of a span from the calls that open and close it. So a span is opened and closed when its
//! fact is told, and a child is closed before its parent. All spans are closed before the flush, because what exports them
//! is torn down in it.
//!
//! The fields of a span are recorded when it is closed. A log line shows the fields of the spans around it, and stays
//! short.
//!
//! A subscriber is code of the program: no lock is held while one is called. A span that is dropped while a subscriber
//! panics would panic again, and abort the process. So no span is held by a function that calls a subscriber.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tracing::dispatcher::{self, Dispatch};
use tracing::field::Empty;
use tracing::{Id, Span, info_span};

use super::log::{CUT_OFF, INSTANCE, TARGET, error_type};
use crate::report::{Fact, FactKind, Outcome};
use crate::stage::Stage;
use crate::sync::catch::catch;
use crate::sync::lock;

/// The spans of one lifecycle.
#[derive(Default)]
pub(super) struct Trace(Mutex<Spans>);

#[derive(Default)]
struct Spans {
    stop: Stop,
    /// The stage that was entered last.
    stage: Option<(Stage, Arc<Span>)>,
    /// The teardowns and the hooks at the notice that run.
    teardowns: HashMap<Of, Teardown>,
}

#[derive(Default)]
enum Stop {
    #[default]
    NotBegun,
    Open {
        span: Span,
        reason: String,
    },
    /// What is torn down now may be what exports the spans.
    Over,
}

/// The teardown of an instance, or its hook at the notice, by the number of the instance.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Of {
    Teardown(u64),
    AtNotice(u64),
}

struct Teardown {
    began: Duration,
    /// Whether the cleanup has begun it. A release before has the stop as its parent, or none.
    is_in_cleanup: bool,
    span: Option<Span>,
}

impl Spans {
    /// Returns the place of what happens now: in the stage, in the stop, or in none.
    fn place(&self) -> Place {
        self.stage.as_ref().map_or_else(|| self.place_of_stop(), |(_, span)| Place::of(span))
    }

    fn place_of_stop(&self) -> Place {
        match &self.stop {
            Stop::Open { span, .. } => Place::of(span),
            Stop::NotBegun | Stop::Over => Place(None),
        }
    }

    fn place_in(&self, of: Of) -> Option<Place> {
        self.teardowns.get(&of).and_then(|teardown| teardown.span.as_ref()).map(Place::of)
    }

    fn is_in_cleanup(&self) -> bool {
        self.stage.as_ref().is_some_and(|(stage, _)| *stage == Stage::Cleanup)
    }
}

/// A place in the trace: a span that is open, and the subscriber that knows it.
pub(super) struct Place(Option<(Id, Dispatch)>);

impl Place {
    fn of(span: &Span) -> Place {
        Place(span.with_subscriber(|(id, dispatch)| (id.clone(), dispatch.clone())))
    }

    /// Calls `emit` with the parent of what it emits, and with the subscriber of that parent. No other subscriber knows it.
    pub(super) fn inside<R>(&self, emit: impl FnOnce(Option<Id>) -> R) -> R {
        match &self.0 {
            Some((id, dispatch)) => dispatcher::with_default(dispatch, || emit(Some(id.clone()))),
            None => emit(None),
        }
    }
}

impl Trace {
    /// Opens the span that begins with this fact, and closes the stage that ends with it.
    pub(super) fn open(&self, fact: &Fact) {
        match &fact.kind {
            FactKind::Stopping { reason, .. } => {
                let span = info_span!(
                    target: TARGET,
                    parent: None,
                    "stop",
                    lifecycle.reason = Empty,
                    process.exit.code = Empty,
                    error.type = Empty,
                    otel.status_code = Empty,
                    otel.status_description = Empty,
                );
                lock(&self.0).stop = Stop::Open { span, reason: reason.to_string() };
            }
            FactKind::Entered { stage } => self.enter(*stage),
            FactKind::TeardownBegan { name, instance } => {
                let spans = lock(&self.0);
                let is_drawn = !matches!(spans.stop, Stop::Over);
                let is_in_cleanup = spans.is_in_cleanup();
                let place = if is_in_cleanup { spans.place() } else { spans.place_of_stop() };
                drop(spans);
                let span = is_drawn.then(|| place.inside(|parent| teardown(parent, name)));
                let teardown = Teardown { began: fact.at, is_in_cleanup, span };
                lock(&self.0).teardowns.insert(Of::Teardown(*instance), teardown);
            }
            // The hook may run on after the stage in which it began.
            FactKind::AtNoticeBegan { name, instance } => {
                let place = lock(&self.0).place_of_stop();
                let span = Some(place.inside(|parent| at_notice(parent, name)));
                let hook = Teardown { began: fact.at, is_in_cleanup: false, span };
                lock(&self.0).teardowns.insert(Of::AtNotice(*instance), hook);
            }
            _ => {}
        }
    }

    /// Returns the place of the event of this fact.
    pub(super) fn place_of(&self, kind: &FactKind) -> Place {
        let spans = lock(&self.0);
        match kind {
            FactKind::TeardownEnded { instance, .. } => {
                spans.place_in(Of::Teardown(*instance)).unwrap_or_else(|| spans.place())
            }
            FactKind::AtNoticeEnded { instance, .. } => {
                spans.place_in(Of::AtNotice(*instance)).unwrap_or_else(|| spans.place_of_stop())
            }
            FactKind::Stopping { .. } | FactKind::Hurried { .. } | FactKind::Stopped { .. } => {
                spans.place_of_stop()
            }
            _ => spans.place(),
        }
    }

    /// Returns how long a teardown, or a hook at the notice, has run. `None` if it has not begun.
    pub(super) fn took(&self, of: Of, now: Duration) -> Option<Duration> {
        lock(&self.0).teardowns.get(&of).map(|teardown| now.saturating_sub(teardown.began))
    }

    /// Closes the span that ends with this fact.
    pub(super) fn close(&self, fact: &Fact) {
        match &fact.kind {
            FactKind::CutOff { .. } => {
                let stage = lock(&self.0).stage.as_ref().map(|(_, span)| Arc::clone(span));
                if let Some(span) = stage {
                    let _ = catch(|| fail(&span, CUT_OFF, "work in flight was cut off"));
                }
            }
            FactKind::TeardownEnded { instance, name, outcome } => {
                self.end(Of::Teardown(*instance), name, outcome);
            }
            FactKind::AtNoticeEnded { instance, name, outcome } => {
                self.end(Of::AtNotice(*instance), name, outcome);
            }
            FactKind::Stopped { status, .. } => {
                self.leave();
                self.close_teardowns(|_| true);
                let stop = mem::replace(&mut lock(&self.0).stop, Stop::Over);
                if let Stop::Open { span, reason } = stop {
                    close(span, |span| {
                        span.record("lifecycle.reason", reason);
                        span.record("process.exit.code", status);
                        if *status != 0 {
                            fail(span, &status.to_string(), &format!("exit status {status}"));
                        }
                    });
                }
            }
            _ => {}
        }
    }

    /// Closes the span of a teardown, or of a hook at the notice.
    fn end(&self, of: Of, name: &str, outcome: &Outcome) {
        let ended = lock(&self.0).teardowns.remove(&of);
        if let Some(span) = ended.and_then(|teardown| teardown.span) {
            close(span, |span| {
                span.record("otel.component.name", name);
                span.record("otel.component.type", INSTANCE);
                if let Some(error) = error_type(outcome) {
                    fail(span, error, &outcome.to_string());
                }
            });
        }
    }

    /// Closes the stage, and opens the next one.
    fn enter(&self, stage: Stage) {
        self.leave();
        let spans = lock(&self.0);
        let is_drawn = matches!(spans.stop, Stop::Open { .. });
        let place = spans.place_of_stop();
        drop(spans);
        if is_drawn {
            let span = place.inside(|parent| {
                info_span!(
                    target: TARGET,
                    parent: parent,
                    "stage",
                    otel.name = %stage,
                    lifecycle.stage = Empty,
                    error.type = Empty,
                    otel.status_code = Empty,
                    otel.status_description = Empty,
                )
            });
            lock(&self.0).stage = Some((stage, Arc::new(span)));
        }
    }

    /// Closes the stage, and before it the teardowns in it that have no end.
    fn leave(&self) {
        self.close_teardowns(|teardown| teardown.is_in_cleanup);
        let stage = lock(&self.0).stage.take();
        if let Some((stage, span)) = stage {
            close(span, |span| {
                span.record("lifecycle.stage", tracing::field::display(stage));
            });
        }
    }

    fn close_teardowns(&self, is_over: impl Fn(&Teardown) -> bool) {
        let left: Vec<Span> = {
            let mut spans = lock(&self.0);
            let left = spans.teardowns.values_mut().filter(|teardown| is_over(teardown));
            left.filter_map(|teardown| teardown.span.take()).collect()
        };
        for span in left {
            close(span, |_| {});
        }
    }
}

fn teardown(parent: Option<Id>, name: &str) -> Span {
    info_span!(
        target: TARGET,
        parent: parent,
        "teardown",
        otel.name = %format_args!("teardown {name}"),
        otel.component.name = Empty,
        otel.component.type = Empty,
        error.type = Empty,
        otel.status_code = Empty,
        otel.status_description = Empty,
    )
}

fn at_notice(parent: Option<Id>, name: &str) -> Span {
    info_span!(
        target: TARGET,
        parent: parent,
        "at_notice",
        otel.name = %format_args!("at notice {name}"),
        otel.component.name = Empty,
        otel.component.type = Empty,
        error.type = Empty,
        otel.status_code = Empty,
        otel.status_description = Empty,
    )
}

/// Records the error of a span, by the names of OpenTelemetry and of `tracing-opentelemetry`.
fn fail(span: &Span, error_type: &str, description: &str) {
    span.record("error.type", error_type);
    span.record("otel.status_code", "ERROR");
    span.record("otel.status_description", description);
}

/// Records the end of a span, and closes it.
fn close<S: Borrow<Span>>(span: S, record: impl FnOnce(&Span)) {
    // A panic of the subscriber must not meet the drop of the span.
    let _ = catch(|| record(span.borrow()));
    let _ = catch(move || drop(span));
}
