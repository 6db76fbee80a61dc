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
//! Steps 1 to 4 need only `cargo`, and an operating system with Unix signals. [Other protocols](#other-protocols),
//! [queues](#queues) and [sources of messages](#sources-of-messages) follow.
//!
//! # 1. A service
//!
//! The kit does not need `lifecycle` in the service. It measures a service before and after the service moves. Your own
//! service can take the place of this one, which is a package of its own: `cargo new shop`. In `Cargo.toml`:
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
//! async fn order() -> &'static str {
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
//! In `tests/shutdown.rs`:
//!
//! ```no_run
//! # #![cfg_attr(not(unix), allow(unused))]
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
//! `cargo test` fails, and names what was lost:
//!
//! ```text
//! BEFORE
//! ```
//!
//! # 3. The same service with `lifecycle`
//!
//! The server of `lifecycle` empties the accept queue, and finishes each request, before the process ends. In `Cargo.toml`:
//!
//! ```toml
//! [dependencies]
//! axum = "0.8"
//! lifecycle = { package = "shutdown-core", version = "0.1", features = ["http"] }
//! tokio = { version = "1", features = ["time"] }
//! ```
//!
//! In `src/main.rs`, three lines change:
//!
#![cfg_attr(feature = "http", doc = "```no_run")]
#![cfg_attr(not(feature = "http"), doc = "```text")]
//! # use axum::{Router, routing::get};
//! # async fn order() {}
//! #[lifecycle::main(grace = "10s")]
//! async fn main() -> std::io::Result<()> {
//!     let address = std::env::var("LISTEN").unwrap_or("127.0.0.1:8080".to_owned());
//!     let listener = lifecycle::net::listen(address).await?;
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
//! A service that has moved also has a report. [`Stopped::report`] returns it. The assertions of the next step apply to it,
//! too.
//!
//! # 4. The order of the teardowns
//!
//! The order needs no process. The shop now keeps a journal, into which it writes its total at the stop. In `src/main.rs`:
//!
//! ```
//! use lifecycle::{Managed, Teardown};
//! use std::fs::File;
//! use std::io::{self, Write as _};
//! use std::path::Path;
//! use std::sync::Mutex;
//! use std::sync::atomic::{AtomicUsize, Ordering};
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
//! # fn main() {}
//! ```
//!
//! [`#[lifecycle::test]`](macro@crate::test) runs the body of a test in a lifecycle of its own. [`report`] stops it. At the
//! end of `src/main.rs`:
//!
//! ```
//! # use std::fs::File;
//! # use std::sync::Mutex;
//! # use std::sync::atomic::{AtomicUsize, Ordering};
//! # #[lifecycle::resource]
//! # struct Journal {
//! #     #[teardown]
//! #     file: Mutex<File>,
//! # }
//! # #[lifecycle::resource]
//! # struct Orders {
//! #     journal: lifecycle::Managed<Journal>,
//! #     count: AtomicUsize,
//! # }
//! # #[lifecycle::teardown]
//! # impl lifecycle::Teardown for Orders {
//! #     async fn teardown(&self) {}
//! # }
//! # fn open(path: &std::path::Path) -> std::io::Result<lifecycle::Managed<Orders>> {
//! #     let journal = lifecycle::manage(Journal { file: Mutex::new(File::create(path)?) });
//! #     Ok(lifecycle::manage(Orders { journal, count: AtomicUsize::new(0) }))
//! # }
//! # fn main() {}
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
//!         orders.count.fetch_add(2, Ordering::Relaxed);
//!         let report = report().await; // stops the lifecycle of this test
//!         assert_torn_down!(report, ["Orders", "Journal"]);
//!         assert_clean!(report);
//!         assert_eq!(std::fs::read_to_string(path).unwrap(), "total: 2\n");
//!     }
//! }
//! ```
//!
//! [`assert_torn_down!`](crate::assert_torn_down) follows the edges of the plan, because a teardown that comes first without
//! an edge comes first by chance. [`assert_clean!`](crate::assert_clean) requires that nothing failed. If one of them fails,
//! its message has the waterfall of the stop. [`assert_plan!`](crate::assert_plan) looks at the declarations alone.
//!
//! With `clock = "paused"`, a test of a long time-out takes no time. A paused clock does not suit sockets, because it moves on
//! while a socket waits.
//!
//! # 5. Every fault
//!
//! A teardown fails when its peer does, and tests seldom have such a peer. [`drill`] runs the service once for each instance and each
//! [`Fault`]: error, panic, hang, blocked thread, slowness. It also runs it once for a second signal in each stage. The clock is paused,
//! so that a hang takes no time. A [`Matrix`] tells which fault takes down more than its own instance, and what to write instead:
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
//! The test of a service without such a fault is one line: `drill(service).run().assert_holds()`.
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
//! [`Client`] is one connection, over which a test sends any bytes at any instant. [`Placed::bytes`] places bytes of any
//! protocol. [`Program::ready_at_line`] waits for a line of the log, and [`Program::prints_address`] reads the address from it:
//!
//! ```no_run
//! # #[cfg(unix)]
//! # fn test() {
//! # macro_rules! env { ($name:literal) => { $name } }
//! use lifecycle::testing::{Client, Program};
//!
//! let mut service = Program::new(env!("CARGO_BIN_EXE_key-value")).prints_address("listening at ").start();
//! let mut client = Client::connect(service.socket_address());
//! client.send(b"SET apples 3\r\n"); // a command before the signal
//! service.terminate();
//! assert_eq!(client.bytes(5), b"+OK\r\n"); // its answer after the signal
//! client.closed(); // the server has closed the connection, without a reset
//! service.stopped().exited(0);
//! # }
//! ```
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
//! CONFORMANCE
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
