//! A kit to test the shutdown of a service: real processes, clients that count each request, and signals at chosen instants.
//!
//! # Test your shutdown
//!
//! A service that works may still lose something when it stops: the requests that nobody has accepted yet, the message that
//! was acknowledged too early, the last lines of the log. A test sees that only from outside, with a real process and a real
//! signal. This page builds such a test in fifteen minutes:
//!
//! 1. [A service](#1-a-service) of axum, without `lifecycle`
//! 2. [What its stop loses](#2-what-its-stop-loses), as numbers
//! 3. [The same service with `lifecycle`](#3-the-same-service-with-lifecycle), and the same test
//! 4. [The order of the teardowns](#4-the-order-of-the-teardowns), in a unit test
//! 5. [Every fault](#5-every-fault) that can happen in the stop
//!
//! The steps need `cargo`, and an operating system with Unix signals. [Other protocols](#other-protocols),
//! [queues](#queues) and [sources of messages](#sources-of-messages) follow.
//!
//! # 1. A service
//!
//! The kit does not need `lifecycle` in the service, so that it measures a service before and after a move. Your own service
//! can take the place of this one. `cargo new shop` makes a package. In its `Cargo.toml`:
//!
//! ```toml
//! [dependencies]
//! axum = "0.8"
//! tokio = { version = "1", features = ["macros", "net", "rt-multi-thread", "time"] }
//!
//! [dev-dependencies]
//! lifecycle = { package = "shutdown-core", version = "0.1", features = ["testing"] }
//! ```
//!
//! In `src/main.rs`:
//!
//! ```no_run
//! use axum::{Router, routing::get};
//! use std::time::Duration;
//!
//! async fn order(_body: String) -> &'static str {
//!     tokio::time::sleep(Duration::from_millis(20)).await; // asks a database
//!     "ok\n"
//! }
//!
//! #[tokio::main]
//! async fn main() -> std::io::Result<()> {
//!     let address = std::env::var("LISTEN").unwrap_or("127.0.0.1:8080".to_owned());
//!     let listener = tokio::net::TcpListener::bind(address).await?;
//!     axum::serve(listener, Router::new().route("/", get(order).post(order))).await
//! }
//! ```
//!
//! # 2. What its stop loses
//!
//! [`Program`] starts a binary of the package, and waits until it is ready. [`Service`] is the running process, which never
//! outlives the test. [`Load`] is a number of clients that send the next request when they have the last response. They meet
//! the instant of the signal by chance. [`Placed`] meets it always: requests in the accept queue of a frozen process, half a
//! head, half a body. No client repeats a request.
//!
//! In a new file `tests/shutdown.rs`:
//!
//! ```no_run
//! # macro_rules! env { ($name:literal) => { $name } }
//! use lifecycle::assert_lost;
//! # #[cfg(unix)]
//! use lifecycle::testing::{Load, Outcome, Placed, Program};
//! use std::time::Duration;
//!
//! # #[cfg(unix)]
//! #[test]
//! fn the_stop_loses_nothing() {
//!     let mut service = Program::new(env!("CARGO_BIN_EXE_shop"))
//!         .address("LISTEN") // LISTEN=127.0.0.1:12345, a free port
//!         .ready_at_probe("/") // GET, until the status is 200
//!         .start();
//!     let load = Load::on(service.socket_address()).clients(20).start();
//!     load.wait_for_answers(200);
//!     let mut placed = Placed::at(service.socket_address());
//!     placed.half_heads(5, "/");
//!     placed.half_bodies(5, "/");
//!     service.freeze();
//!     placed.requests("in the accept queue", 20, "/");
//!     service.terminate(); // SIGTERM
//!     service.thaw();
//!     let mut tally = placed.finish(); // sends the second halves
//!     let stopped = service.stopped();
//!     tally.add(load.finish());
//!     // After the stop nobody listens. A client that is refused knows that its request was not handled.
//!     assert_lost!(tally, 0, except = [Outcome::Refused]);
//!     stopped.exited(0).within(Duration::from_secs(5)).left_nothing_behind();
//! }
//! ```
//!
//! `cargo test` fails, and names what was lost. SIGTERM has killed the service in the middle of 20 requests of the load, and
//! before 30 placed ones:
//!
//! ```text
//! 50 requests were lost, not 0: 250 requests, 50 not answered, 21 reset, 29 closed without a response
//!   half a head: reset
//!   in the accept queue: reset (20 times)
//!   half a head: closed without a response (4 times)
//!   half a body: closed without a response (5 times)
//!   after 258.992ms: `/` closed without a response: read
//!   ..
//! ```
//!
//! The same service with `axum::serve(..).with_graceful_shutdown(..)` answers the load. In one run it lost 28 of the 30 placed
//! requests: the accept queue, and partial requests.
//!
//! # 3. The same service with `lifecycle`
//!
//! The server of `lifecycle` empties the accept queue, and finishes each request, before the process ends. In `Cargo.toml`, the
//! dependencies become these. The `dev-dependencies` stay:
//!
//! ```toml
//! [dependencies]
//! axum = "0.8"
//! lifecycle = { package = "shutdown-core", version = "0.1", features = ["http"] }
//! tokio = { version = "1", features = ["time"] }
//! ```
//!
//! In `src/main.rs`, only the attribute, the listener and the server change:
//!
#![cfg_attr(feature = "http", doc = "```no_run")]
#![cfg_attr(not(feature = "http"), doc = "```text")]
//! # use axum::{Router, routing::get};
//! # async fn order(_body: String) {}
//! #[lifecycle::main(grace = "10s")]
//! async fn main() -> std::io::Result<()> {
//!     let address = std::env::var("LISTEN").unwrap_or("127.0.0.1:8080".to_owned());
//!     let listener = lifecycle::net::listen(&address).await?;
//!     lifecycle::http::serve(listener, Router::new().route("/", get(order).post(order))).await
//! }
//! ```
//!
//! The same test passes:
//!
//! ```text
//! test the_stop_loses_nothing ... ok
//! ```
//!
//! # 4. The order of the teardowns
//!
//! The order needs no process. The shop now writes its total into a journal at the stop. The whole `src/main.rs`:
//!
#![cfg_attr(feature = "http", doc = "```no_run")]
#![cfg_attr(not(feature = "http"), doc = "```text")]
//! use axum::{Router, extract::State, routing::get};
//! use lifecycle::{Managed, Teardown};
//! use std::fs::File;
//! use std::io::{self, Write as _};
//! use std::path::Path;
//! use std::sync::Mutex;
//! use std::sync::atomic::{AtomicUsize, Ordering};
//! use std::time::Duration;
//!
//! #[lifecycle::resource]
//! struct Journal {
//!     #[teardown] // syncs the file
//!     file: Mutex<File>,
//! }
//!
//! #[lifecycle::resource]
//! struct Orders {
//!     journal: Managed<Journal>, // `Orders` is torn down before `Journal`
//!     count: AtomicUsize,
//! }
//!
//! #[lifecycle::teardown]
//! impl Teardown for Orders {
//!     async fn teardown(&self) -> io::Result<()> {
//!         let total = self.count.load(Ordering::Relaxed);
//!         writeln!(self.journal.file.lock().unwrap(), "total: {total}")
//!     }
//! }
//!
//! fn open(path: &Path) -> io::Result<Managed<Orders>> {
//!     let journal = lifecycle::manage(Journal { file: Mutex::new(File::create(path)?) });
//!     Ok(lifecycle::manage(Orders { journal, count: AtomicUsize::new(0) }))
//! }
//!
//! async fn order(orders: State<Managed<Orders>>, _body: String) -> &'static str {
//!     tokio::time::sleep(Duration::from_millis(20)).await; // asks a database
//!     orders.count.fetch_add(1, Ordering::Relaxed);
//!     "ok\n"
//! }
//!
//! #[lifecycle::main(grace = "10s")]
//! async fn main() -> io::Result<()> {
//!     let address = std::env::var("LISTEN").unwrap_or("127.0.0.1:8080".to_owned());
//!     let routes = Router::new().route("/", get(order).post(order));
//!     let orders = open(Path::new("journal.txt"))?;
//!     let listener = lifecycle::net::listen(&address).await?;
//!     lifecycle::http::serve(listener, routes.with_state(orders)).await
//! }
//!
//! #[cfg(test)]
//! mod tests {
//!     use super::*;
//!     use lifecycle::testing::report;
//!     use lifecycle::{assert_clean, assert_torn_down};
//!
//!     #[lifecycle::test(grace = "5s")]
//!     async fn the_total_is_in_the_journal() {
//!         let path = std::env::temp_dir().join("shop-journal.txt");
//!         let orders = open(&path).unwrap();
//!         order(State(orders), String::new()).await; // a handler is a function
//!         let report = report().await; // stops the lifecycle of this test
//!         assert_torn_down!(report, ["Orders", "Journal"]);
//!         assert_clean!(report);
//!         assert_eq!(std::fs::read_to_string(path).unwrap(), "total: 1\n");
//!     }
//! }
//! ```
//!
//! [`#[lifecycle::test]`](macro@crate::test) runs the body of a test in a lifecycle of its own. [`report`] stops it.
//! [`assert_torn_down!`](crate::assert_torn_down) follows the edges of the plan, because a teardown that comes first without
//! an edge comes first by chance. [`assert_clean!`](crate::assert_clean) requires that nothing failed. If one of them fails,
//! its message has the waterfall of the stop. [`assert_plan!`](crate::assert_plan) looks at the declarations alone.
//!
//! With `clock = "paused"`, a test of a long time-out takes no time. A paused clock does not suit sockets, because it moves on
//! while a socket waits.
//!
//! The process has a report as well. At the end of `tests/shutdown.rs`:
//!
//! ```no_run
//! # #[cfg(unix)]
//! # fn test(stopped: lifecycle::testing::Stopped) {
//! lifecycle::assert_torn_down!(stopped.report(), ["Orders", "Journal"]);
//! # }
//! ```
//!
//! # 5. Every fault
//!
//! A teardown fails when its peer does, and tests seldom have such a peer. [`drill`] runs the service once for each instance and
//! each [`Fault`]: error, panic, hang, blocked thread, slowness. It also runs the service once for a second signal in each stage.
//! The clock is paused, so that a hang takes no time. In the module of step 4:
//!
//! ```
//! # fn open(_: &std::path::Path) -> std::io::Result<()> {
//! #     lifecycle::defer("journal", async || {});
//! #     Ok(())
//! # }
//! use lifecycle::testing::drill;
//!
//! #[test]
//! # fn not_run() {}
//! fn a_fault_of_one_teardown_takes_down_no_other() {
//!     let service = || async {
//!         let _orders = open(&std::env::temp_dir().join("shop-drill.txt")).unwrap();
//!         lifecycle::stopping().await;
//!     };
//!     let matrix = drill(service).run();
//!     println!("{matrix}"); // `cargo test -- --nocapture` shows it
//!     matrix.assert_holds();
//! }
//! # a_fault_of_one_teardown_takes_down_no_other();
//! ```
//!
//! A cell is the exit status of one run, and the time of its stop:
//!
//! ```text
//! drill: 2 instances, 14 runs, no breach
//!
//!                                        error         panic          hang         block          slow
//! Journal                                70 0s         70 0s      70 24.9s      70 190ms       0 12.4s
//! Orders                                 70 0s         70 0s      70 12.4s       70 97ms        0 6.2s
//!
//! no fault                                0 0s
//! second signal in the lame duck       0 250ms
//! second signal in the drain           0 250ms
//! second signal in the cleanup         0 250ms
//! ```
//!
//! A [`Matrix`] also tells which fault takes down more than its own instance, and what to write instead:
//!
//! ```
//! use lifecycle::Deferred;
//! use lifecycle::testing::{Fault, drill};
//! use std::time::Duration;
//!
//! async fn service() {
//!     Deferred::new("broker").order(1).run(async || {}); // has no time-out
//!     Deferred::new("journal").order(2).run(async || tokio::time::sleep(Duration::from_secs(3)).await);
//!     lifecycle::stopping().await;
//! }
//!
//! let matrix = drill(service).grace(Duration::from_secs(5)).faults([Fault::Hang]).run();
//! let breach = matrix.breaches()[0].to_string();
//! assert!(breach.starts_with("R7, hang at `broker`: `journal` had"), "{matrix}");
//! assert!(breach.contains("give `broker` a `timeout`"), "{matrix}");
//! ```
//!
//! A paused clock does not wait for sockets. [`drill_program`] runs each case in a process of its own instead, with real signals.
//! A [`DrillRun`] adds a load, of which no request may be lost, and checks of what the service has stored. `cargo test` builds
//! the binaries of a package with the features of its dev-dependencies, so that the process has the feature `testing`. A binary
//! of `cargo build` does not have it, and the drill says so.
//!
//! ```no_run
//! use lifecycle::testing::{DrillRun, Load, Program, drill_program};
//! # macro_rules! env { ($name:literal) => { $name } }
//!
//! # #[cfg(unix)]
//! #[test]
//! fn no_fault_of_the_stop_loses_a_request() {
//!     let shop = || {
//!         let program = Program::new(env!("CARGO_BIN_EXE_shop")).address("LISTEN").ready_at_probe("/readyz");
//!         DrillRun::of(program.grace("2s")).load(|service| Load::on(service.socket_address()).start())
//!     };
//!     drill_program(shop).parallel(4).run().assert_holds();
//! }
//! ```
//!
//! # Other protocols
//!
//! [`Clients::bytes`] and [`Placed::expecting`] replace HTTP by the request and the answer of any protocol. Here the address
//! comes from a log line of the service:
//!
//! ```no_run
//! # #[cfg(unix)]
//! # fn test() {
//! # macro_rules! env { ($name:literal) => { $name } }
//! use lifecycle::testing::{Load, Outcome, Placed, Program};
//!
//! let mut service = Program::new(env!("CARGO_BIN_EXE_key-value")).prints_address("listening at ").start();
//! let load = Load::on(service.socket_address()).bytes(b"SET pears 5\r\n", b"+OK\r\n").new_connections().start();
//! load.wait_for_answers(200);
//! let mut placed = Placed::at(service.socket_address()).expecting(b"+OK\r\n");
//! placed.bytes("half a command", 5, b"SET app", b"les 3\r\n");
//! service.freeze();
//! placed.bytes("in the accept queue", 20, b"SET apples 3\r\n", b"");
//! service.terminate();
//! service.thaw();
//! let mut tally = placed.finish();
//! service.stopped().exited(0);
//! tally.add(load.finish());
//! lifecycle::assert_lost!(tally, 0, except = [Outcome::Refused]);
//! # }
//! ```
//!
//! [`Client`] is one connection, over which a test sends and reads when it likes.
//!
//! # Queues
//!
//! A consumer is stopped and started again while it works. [`Ledger`] then counts the messages that were lost, and those
//! that were handled more than once:
//!
//! ```no_run
//! # #[cfg(unix)]
//! # fn test() {
//! # macro_rules! env { ($name:literal) => { $name } }
//! # fn publish(_: std::ops::Range<u64>) {}
//! # fn rows() -> Vec<u64> { Vec::new() }
//! use lifecycle::testing::{Ledger, Program};
//!
//! let mut ledger = Ledger::new();
//! publish(0..1_000); // a function of the test, which sends a message with each number
//! ledger.sent(0..1_000);
//! for _ in 0..5 {
//!     let mut consumer = Program::new(env!("CARGO_BIN_EXE_consumer")).ready_at_line("consuming").start();
//!     consumer.terminate();
//!     consumer.stopped().exited(0);
//! }
//! ledger.handled(rows()); // a function of the test, which reads what the consumer has written
//! ledger.each_once();
//! # }
//! ```
//!
//! # Sources of messages
//!
//! A queue without a ready-made source needs a [`Source`](crate::consumer::Source) of your own.
//! [`consumer::conformance`](fn@crate::consumer::conformance) checks the 16 rules that a consumer relies on, such as "a dropped
//! `next` loses no message". It needs these things from you:
//!
//! - a real broker that the test can reach. A broker in memory shows only that its own code keeps the rules
//! - a type that implements [`Broker`](crate::consumer::conformance::Broker): it creates an empty queue, publishes numbered
//!   messages, and opens your source over a new connection
//! - a time-out for the whole check, such as 30 s. It has to be longer than the broker takes to deliver the messages of a dead
//!   consumer again
//!
#![cfg_attr(feature = "consumer", doc = "```no_run")]
#![cfg_attr(not(feature = "consumer"), doc = "```text")]
//! # async fn test(broker: impl lifecycle::consumer::conformance::Broker) {
//! use lifecycle::consumer::conformance;
//! use std::time::Duration;
//!
//! // `broker` is your type, connected to the real broker.
//! if let Err(faults) = conformance(&broker, Duration::from_secs(30)).await {
//!     panic!("{faults}"); // each rule that the source does not keep, and what happened
//! }
//! # }
//! ```
//!
//! # What runs where
//!
//! | item | Linux | other Unixes | Windows |
//! |---|---|---|---|
//! | `Program`, `Service`, `drill_program` | all processes of the service end with the test | those in its session do | not there |
//! | `Load`, `Placed`, `Client`, `Ledger`, `#[lifecycle::test]`, `drill`, the assertions | yes | yes | yes |
//! | [`Place::own`] | yes | needs addresses of 127.0.0.0/8 | yes |
//!
//! Tests with the kit run in parallel with other tests, by `cargo test` and by `cargo nextest run`.

mod account;
mod assertions;
mod client;
mod drill;
#[cfg(unix)]
mod facts;
#[cfg(unix)]
mod guardian;
#[cfg(feature = "http2")]
mod http2;
mod ledger;
mod load;
#[cfg(unix)]
mod notified;
mod outcome;
#[cfg(unix)]
mod output;
mod place;
mod placed;
mod priority;
#[cfg(unix)]
mod processes;
#[cfg(unix)]
mod program;
#[cfg_attr(not(unix), expect(dead_code, reason = "only a `Service` writes a report"))]
mod report;
mod response;
mod run;
#[cfg(unix)]
mod service;
#[cfg(unix)]
mod stopped;
mod tally;
mod wait;

pub use crate::engine::fault::Fault;
pub use account::Account;
#[doc(hidden)]
pub use account::Torn;
#[doc(hidden)]
pub use assertions::{__assert_clean, __assert_lost, __assert_plan, __assert_torn_down};
pub use client::{Client, get};
pub use drill::{Breach, Case, Drill, Matrix, Run, drill};
#[cfg(unix)]
pub use drill::{DrillRun, ProgramDrill, drill_program};
pub use ledger::Ledger;
pub use load::{Asked, Clients, Load};
pub use outcome::Outcome;
pub use place::Place;
pub use placed::Placed;
#[cfg(unix)]
pub use program::Program;
pub use report::{ServiceInstance, ServiceReport};
pub use response::Response;
pub use run::report;
#[doc(hidden)]
pub use run::{Test, TestClock, Wanted};
#[cfg(unix)]
pub use service::Service;
#[cfg(unix)]
pub use stopped::Stopped;
pub use tally::Tally;
pub use wait::wait_until;
