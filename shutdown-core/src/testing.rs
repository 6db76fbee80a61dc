//! A kit to test the shutdown of a service: real processes, clients that count each request, and signals at chosen instants.
//!
//! It needs the feature `testing`, as a dev-dependency:
//!
//! ```toml
//! [dev-dependencies]
//! shutdown-core = { version = "0.1", features = ["testing"] }
//! ```
//!
//! A service that works may still lose something when it stops: the requests that nobody has accepted yet, the message that
//! was acknowledged too early, the last lines of the log. A test sees that only from outside, with a real process and a real
//! signal. This page builds such a test in four steps. The service does not need to use `lifecycle`, so that the same test
//! measures a service before and after it moves.
//!
//! # 1. A process that ends
//!
//! [`Program`] starts a binary of the package, and waits until it is ready. [`Service`] is the running process. It receives
//! signals, and [`stopped`](Service::stopped) returns its status, its time, its output and its [report](ServiceReport).
//!
//! ```no_run
//! use lifecycle::testing::Program;
//! use std::time::Duration;
//! # macro_rules! env { ($name:literal) => { $name } }
//!
//! # #[cfg(unix)]
//! #[test]
//! fn it_stops_at_sigterm() {
//!     let mut service = Program::new(env!("CARGO_BIN_EXE_shop"))
//!         .address("LISTEN") // LISTEN=127.0.0.1:12345, a free port
//!         .ready_at_probe("/readyz") // GET, until the status is 200
//!         .start();
//!     service.terminate();
//!     let stopped = service.stopped();
//!     stopped.exited(0).within(Duration::from_secs(5)).left_nothing_behind();
//! }
//! ```
//!
//! The process never outlives the test, not even if the test is killed: see [`Service`].
//!
//! # 2. A load that loses nothing
//!
//! [`Load`] is a number of clients that send the next request when they have the last response, or at a rate. They do not
//! repeat a request. [`Tally`] counts each [`Outcome`], and [`assert_lost!`](crate::assert_lost) says what was lost.
//!
//! ```no_run
//! # #[cfg(unix)]
//! # fn test(mut service: lifecycle::testing::Service) {
//! use lifecycle::testing::{Load, Outcome};
//!
//! let load = Load::on(service.socket_address()).clients(50).start();
//! load.wait_for_answers(500);
//! service.terminate();
//! service.stopped().exited(0);
//! let tally = load.finish();
//! // After the stop nobody listens. A client that is refused knows that its request was not handled.
//! lifecycle::assert_lost!(tally, 0, except = [Outcome::Refused]);
//! # }
//! ```
//!
//! # 3. The worst instant
//!
//! A load meets the instant of the signal by chance. [`Placed`] meets it always: requests in the accept queue of a frozen
//! process, half a head, half a body, and requests in the lame duck. [`Client`] is one connection, for everything else.
//!
//! # 4. Queues
//!
//! A consumer is stopped and started again while it works. [`Ledger`] then counts the messages that were lost, and those
//! that were handled more than once.
//!
//! # 5. The order, inside of the test
//!
//! The order of the teardowns needs no process. [`#[lifecycle::test]`](macro@crate::test) runs the body of a test in a
//! lifecycle of its own, on a paused clock if the test wants one. [`report`] stops it.
//! [`assert_torn_down!`](crate::assert_torn_down) follows the plan, [`assert_clean!`](crate::assert_clean) requires that
//! nothing failed, and [`assert_plan!`](crate::assert_plan) looks at the declarations alone:
//!
//! ```
//! use lifecycle::testing::report;
//! use lifecycle::{assert_clean, assert_torn_down};
//!
//! #[lifecycle::test(grace = "5s", clock = "paused")]
//! async fn the_journal_closes_last() {
//!     let journal = lifecycle::defer("journal", async || {});
//!     lifecycle::Deferred::new("counter").uses(&journal).run(async || {});
//!     let report = report().await;
//!     assert_torn_down!(report, ["counter", "journal"]);
//!     assert_clean!(report);
//! }
//! # fn main() {}
//! ```
//!
//! # 6. Every fault
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
//! # What runs where
//!
//! | item | Linux | other Unixes | Windows |
//! |---|---|---|---|
//! | `Program`, `Service`, `drill_program` | all processes of the service end with the test | those in its session do | not there |
//! | `Load`, `Placed`, `Client`, `Ledger`, `#[lifecycle::test]`, `drill`, the assertions | yes | yes | yes |
//! | [`Place::own`] | yes | needs addresses of 127.0.0.0/8 | yes |

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
