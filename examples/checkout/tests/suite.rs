//! The suite of a service, as its users write it: a handler, the stop, every fault of the stop, and a restart under load.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use axum::http::{Request, StatusCode};
use checkout::{Arguments, Database, Shop};
use clap::Parser as _;
use lifecycle::testing::{Client, DrillRun, Ledger, Load, Outcome, Place, Placed, Program, drill_program};
use lifecycle::{assert_lost, assert_torn_down};
use tower::ServiceExt as _;

/// Configures the program. It is ready when its probe says so.
fn checkout(folder: &Path, at: SocketAddr) -> Program {
    let program = Program::new(env!("CARGO_BIN_EXE_checkout")).arg(folder);
    let program = program.arg("--address").arg(at.ip().to_string()).arg("--port").arg(at.port().to_string());
    program.at(at).ready_at_probe("/readyz")
}

/// Starts clients that place orders all the time. Returns the orders that were acknowledged, too.
fn customers(at: SocketAddr) -> (Load, Receiver<String>) {
    let (acknowledged, orders) = mpsc::channel();
    let load = Load::on(at).per_second(500).method("PUT").body("one espresso");
    let load = load.paths(|client, request| format!("/orders/{client}-{request}"));
    let load = load.check(move |asked, _| acknowledged.send(asked.path.clone()).map(|()| None).or(Ok(None)));
    (load.start(), orders)
}

/// A handler with a real database, in a lifecycle of its own, whose stop has to be clean.
#[lifecycle::test(grace = "5s")]
async fn an_order_is_placed_once() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    lifecycle::provide(Arguments::parse_from(["checkout".as_ref(), folder.path()]));
    let database = lifecycle::start::<Database>().await?;
    let placed = checkout::open_backlog(database.clone(), false).await?;
    let routes = checkout::routes(Shop::new(database, placed));
    for expected in [StatusCode::CREATED, StatusCode::OK] {
        let order = Request::put("/orders/mine").body("one espresso".to_owned())?;
        assert_eq!(routes.clone().oneshot(order).await?.status(), expected);
    }
    Ok(())
}

/// The process receives SIGTERM while requests stand in the places where a service loses them.
#[test]
fn a_stop_answers_every_request() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let mut service = checkout(folder.path(), Place::own().port()).start();
    assert_eq!(Client::request(service.socket_address(), "PUT", "/orders/mine").status, 201);
    let mut placed = Placed::at(service.socket_address());
    placed.half_heads(5, "/orders/mine");
    service.freeze();
    placed.requests("in the accept queue", 50, "/orders/mine");
    service.terminate();
    service.thaw();
    assert_lost!(placed.finish(), 0);
    let stopped = service.stopped();
    stopped.exited(0).within(Duration::from_secs(10)).left_nothing_behind();
    assert_torn_down!(stopped.report(), ["Journal", "Database"]);
}

/// The same process with each fault of each teardown, and with a second signal in each stage.
#[test]
fn no_fault_of_the_stop_loses_a_request() {
    drill_program(|| {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let run = DrillRun::of(checkout(folder.path(), Place::own().port()).grace("2s"));
        run.load(|service| customers(service.socket_address()).0).keep(folder)
    })
    .parallel(4)
    .run()
    .assert_holds();
}

/// Clients order all the time, and ask at the end for each order that was acknowledged.
#[test]
fn a_restart_under_load_loses_no_order() {
    let (folder, at) = (tempfile::tempdir().expect("a folder can be made"), Place::own().port());
    let mut service = checkout(folder.path(), at).start();
    let (load, orders) = customers(at);
    for _ in 0..3 {
        load.wait_for_answers(200);
        service.terminate();
        service.stopped().exited(0);
        service = checkout(folder.path(), at).start();
    }
    load.wait_for_answers(200);
    // Nobody listens between two processes. A client that is refused knows that its order was not placed.
    assert_lost!(load.finish(), 0, except = [Outcome::Refused]);
    let mut ledger = Ledger::new();
    for order in orders {
        ledger.sent([order.clone()]);
        ledger.handled((Client::request(at, "GET", &order).status == 200).then_some(order));
    }
    ledger.each_once();
}
