//! The last spans, metrics and logs arrive at the collector, or their loss is in the report (R22).
//!
//! One test for each state of the collector, and in it one process for each kind of telemetry, each protocol and each
//! flavour of the runtime.

use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::Duration;

use lifecycle_process_tests::{Ended, soak};

use crate::collector::{Answer, Collector, Protocol};
use crate::{ready, service};

const KINDS: [(&str, &str); 3] = [("traces", "spans"), ("metrics", "metrics"), ("logs", "logs")];
/// The kinds whose provider does not know the result of each export.
const BATCHED: [(&str, &str); 2] = [KINDS[0], KINDS[2]];
const PROTOCOLS: [Protocol; 2] = [Protocol::Http, Protocol::Grpc];

const AT_ONCE: Duration = Duration::ZERO;
/// The grace of a service whose collector does not answer.
const IMPATIENT: &str = "2s";

/// One service.
#[derive(Clone, Copy)]
struct Run<'a> {
    kind: &'a str,
    protocol: Protocol,
    /// The spans or logs that are made before the service is ready, and after the notice.
    early: usize,
    late: usize,
    variables: &'a [(&'a str, &'a str)],
}

impl Run<'_> {
    /// Stops the service, once `until` has returned.
    #[track_caller]
    fn stopped(&self, collector: SocketAddr, until: impl FnOnce()) -> Ended {
        let mut program = service(&format!("telemetry/{}", self.kind))
            .env("COLLECTOR", collector.to_string())
            .env("EARLY", self.early.to_string())
            .env("LATE", self.late.to_string())
            .env("DRAIN_MS", "0");
        if let Protocol::Grpc = self.protocol {
            program = program.env("GRPC", "1");
        }
        for (variable, value) in self.variables {
            program = program.env(variable, value);
        }
        let child = ready(program);
        until();
        child.stop()
    }
}

/// Checks each kind over each protocol, all at once.
fn each(
    kinds: &[(&'static str, &'static str)],
    protocols: &[Protocol],
    check: impl Fn(&'static str, &'static str, Protocol) + Sync,
) {
    thread::scope(|scope| {
        for (kind, what) in kinds {
            for protocol in protocols {
                let check = &check;
                scope.spawn(move || check(kind, what, *protocol));
            }
        }
    });
}

/// Checks a service with a watched exporter in this state of the collector, on both flavours of the runtime.
fn cells(answer: Answer, grace: &str, check: impl Fn(&'static str, &'static str, &Ended, usize) + Sync) {
    each(&KINDS, &PROTOCOLS, |kind, what, protocol| {
        for flavour in [None, Some(("CURRENT_THREAD", "1"))] {
            let collector = Collector::start(protocol, answer);
            let mut variables = vec![("WATCHED", "1"), ("LIFECYCLE_GRACE", grace)];
            variables.extend(flavour);
            let run = Run { kind, protocol, early: 0, late: 5, variables: &variables };
            check(kind, what, &run.stopped(collector.address, || ()), collector.arrived());
        }
    });
}

/// Returns the number of items that `count` calls have made. A metric is one item.
fn items(kind: &str, count: usize) -> usize {
    if kind == "metrics" { 1 } else { count }
}

/// Returns an address at which nothing listens: that of a listener that has closed.
fn nowhere() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Checks that the loss is in the report, and that everything else went well.
#[track_caller]
fn lost(kind: &str, what: &str, why: &str, ended: &Ended) {
    ended.exited(70).said(&["ledger closed"]).not_reported("unconfirmed");
    ended.reported(&["Telemetry", kind, &format!("the last {what} may be lost: {why}")]);
}

#[test]
fn r22_a_collector_that_is_well_confirms() {
    cells(Answer::Confirms(AT_ONCE), "20s", |kind, _, ended, arrived| {
        ended.exited(0).not_reported("unconfirmed");
        assert!(arrived >= items(kind, 5), "{kind}: {arrived} arrived");
    });
}

#[test]
fn r22_a_collector_that_is_slow_is_waited_for() {
    cells(Answer::Confirms(Duration::from_millis(400)), "20s", |kind, _, ended, arrived| {
        ended.exited(0).not_reported("unconfirmed");
        assert!(arrived >= items(kind, 5), "{kind}: {arrived} arrived");
    });
}

#[test]
fn r22_a_collector_that_refuses_is_a_loss() {
    cells(Answer::Refuses(AT_ONCE), "20s", |kind, what, ended, _| {
        lost(kind, what, if kind == "metrics" { "" } else { "5 did not arrive: " }, ended);
    });
}

#[test]
fn r22_a_collector_that_never_answers_is_a_loss_in_time() {
    cells(Answer::Never, IMPATIENT, |kind, what, ended, _| {
        lost(kind, what, "the collector did not answer in time", ended);
        ended.within(Duration::from_secs(2));
    });
}

#[test]
fn r22_a_collector_that_is_gone_is_a_loss() {
    each(&KINDS, &PROTOCOLS, |kind, what, protocol| {
        for flavour in [None, Some(("CURRENT_THREAD", "1"))] {
            let mut variables = vec![("WATCHED", "1")];
            variables.extend(flavour);
            let run = Run { kind, protocol, early: 0, late: 5, variables: &variables };
            let why = if kind == "metrics" { "" } else { "5 did not arrive: " };
            lost(kind, what, why, &run.stopped(nowhere(), || ()));
        }
    });
}

/// A plain exporter has no results but that of the last batch.
#[test]
fn r22_a_plain_exporter_is_never_ok() {
    each(&KINDS, &PROTOCOLS, |kind, what, protocol| {
        let run = Run { kind, protocol, early: 0, late: 5, variables: &[] };
        let collector = Collector::start(protocol, Answer::Confirms(AT_ONCE));
        let ended = run.stopped(collector.address, || ());
        ended.exited(0);
        if kind == "metrics" {
            ended.not_reported("unconfirmed");
        } else {
            let reason = format!("unconfirmed: the collector has confirmed the last batch of {what}, ");
            ended.reported(&["Telemetry", &reason, kind]);
        }
        assert!(collector.arrived() >= items(kind, 5), "{kind}: {} arrived", collector.arrived());

        let collector = Collector::start(protocol, Answer::Refuses(AT_ONCE));
        lost(kind, what, "", &run.stopped(collector.address, || ()));
        lost(kind, what, "", &run.stopped(nowhere(), || ()));
        let impatient = Run { variables: &[("LIFECYCLE_GRACE", IMPATIENT)], ..run };
        let collector = Collector::start(protocol, Answer::Never);
        lost(kind, what, "", &impatient.stopped(collector.address, || ()));
    });
}

/// The SDK waits at most 5 s for one flush. Four batches of a slow collector take longer.
#[test]
fn r22_2000_items_arrive_at_a_collector_that_takes_seconds_for_each_export() {
    let late = Duration::from_millis(if soak() { 3_000 } else { 1_500 });
    let variables = [[("WATCHED", "1")].as_slice(), &[]];
    let run_all = |kind: &'static str, what: &'static str, protocol| {
        thread::scope(|scope| {
            for variables in variables {
                scope.spawn(move || {
                    let collector = Collector::start(protocol, Answer::Confirms(late));
                    let run = Run { kind, protocol, early: 0, late: 2_000, variables };
                    let ended = run.stopped(collector.address, || ());
                    assert_eq!(collector.arrived(), 2_000, "{kind} {protocol:?}");
                    ended.exited(0).not_before(late * 3);
                    if variables.is_empty() {
                        ended.reported(&["Telemetry", "unconfirmed: ", what]);
                    } else {
                        ended.not_reported("unconfirmed");
                    }
                });
            }
        });
    };
    each(&BATCHED, &PROTOCOLS, run_all);
}

/// The SDK returns the result of the last batch, and it is good. The first one is refused in the teardown, or in the drain.
#[test]
fn r22_a_first_batch_that_is_refused_is_not_hidden_by_the_last_one() {
    each(&BATCHED, &PROTOCOLS, |kind, what, protocol| {
        let run = Run { kind, protocol, early: 0, late: 600, variables: &[] };
        for drain in ["0", "300"] {
            let run = Run { variables: &[("WATCHED", "1"), ("DRAIN_MS", drain)], ..run };
            let ended = run.stopped(Collector::start(protocol, Answer::RefusesTheFirst).address, || ());
            lost(kind, what, "", &ended);
            ended.reported(&["Telemetry", " did not arrive: "]);
        }
        let ended = run.stopped(Collector::start(protocol, Answer::RefusesTheFirst).address, || ());
        ended.exited(0).reported(&["Telemetry", "unconfirmed: ", what]);
    });
}

/// The timer has begun the export, so that the flush of the teardown has nothing to do.
#[test]
fn r22_an_export_that_has_begun_before_the_teardown_is_not_forgotten() {
    const OFTEN: [(&str, &str); 2] = [("OTEL_BSP_SCHEDULE_DELAY", "20"), ("OTEL_BLRP_SCHEDULE_DELAY", "20")];
    each(&BATCHED, &PROTOCOLS, |kind, what, protocol| {
        let answer = Answer::Refuses(Duration::from_millis(700));
        let collector = Collector::start(protocol, answer);
        let variables = [OFTEN.as_slice(), &[("WATCHED", "1")]].concat();
        let run = Run { kind, protocol, early: 5, late: 0, variables: &variables };
        let ended = run.stopped(collector.address, || collector.wait_for_an_export());
        lost(kind, what, "5 did not arrive: ", &ended);

        let collector = Collector::start(protocol, answer);
        let plain = Run { variables: &OFTEN, ..run };
        let ended = plain.stopped(collector.address, || collector.wait_for_an_export());
        ended.exited(0).reported(&["Telemetry", "unconfirmed: ", what]);
    });
}

/// A simple processor exports each item as it ends, and drops the result.
#[test]
fn r22_a_simple_processor_that_has_lost_something_is_not_ok() {
    each(&BATCHED, &[Protocol::Http], |kind, what, protocol| {
        let watched = [("SIMPLE", "1"), ("WATCHED", "1")];
        let run = Run { kind, protocol, early: 0, late: 3, variables: &watched };
        lost(kind, what, "3 did not arrive: ", &run.stopped(nowhere(), || ()));
        let plain = Run { variables: &[("SIMPLE", "1")], ..run };
        plain.stopped(nowhere(), || ()).exited(0).reported(&["Telemetry", "unconfirmed: ", what]);
    });
}

#[test]
fn without_telemetry_a_missing_collector_is_not_a_fault() {
    each(&KINDS, &PROTOCOLS, |kind, _, protocol| {
        let run = Run { kind, protocol, early: 0, late: 0, variables: &[("WATCHED", "1")] };
        run.stopped(nowhere(), || ()).exited(0).not_reported("unconfirmed");
    });
}

/// The program has read the result of its own shutdown.
#[test]
fn a_provider_that_was_shut_down_before_is_well() {
    let collector = Collector::start(Protocol::Http, Answer::Confirms(AT_ONCE));
    let run =
        Run { kind: "traces", protocol: Protocol::Http, early: 0, late: 5, variables: &[("SHUT_DOWN", "1")] };
    run.stopped(collector.address, || ()).exited(0).not_reported("unconfirmed");
}
