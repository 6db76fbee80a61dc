//! A shop that loses no order when it is stopped.
//!
//! ```text
//! cargo run -p checkout                      # serves from ./checkout-data, on a free port
//! curl -X PUT http://127.0.0.1:PORT/orders/mine -d 'one espresso'
//! curl http://127.0.0.1:PORT/orders/mine
//!
//! cargo run -p checkout -- --demo            # stops it under load and audits what it kept
//! cargo run -p checkout -- --demo --kill     # the same with SIGKILL, to compare
//! ```
//!
//! Begin with `service.rs`. It starts the service and serves until the stop. The other files that know about the stop
//! are `database.rs` and `journal.rs` (resources) and `worker.rs` (a background task). `demo.rs`, `customer.rs` and
//! `audit.rs` are the parent process of the demo, and do not use `lifecycle`. `tests/suite.rs` is the suite of the service.
//!
//! # With RabbitMQ
//!
//! The service settles its orders itself, without a broker. With the cargo feature `hand-on` and the option `--hand-on`
//! it sends them to RabbitMQ instead. [`worker`](../../worker/src/main.rs) takes them from there into PostgreSQL:
//!
//! ```text
//! examples/servers postgres rabbitmq         # in another terminal; copy the lines that it prints into the next two
//! cargo run -p worker
//! cargo run -p checkout --features hand-on -- --hand-on
//! ```
//!
//! You can run several of each and restart each at any time. Every acknowledged order is settled once. Each checkout
//! needs a folder of its own, because two services on one folder would send the same orders. A stop sends all orders
//! that are left. After a crash, the next start on the same folder sends them. If RabbitMQ goes away, `worker` and
//! `checkout` exit with an error, and their supervisor starts them again. `hand_on.rs` has this part.
//!
//! # On Kubernetes
//!
//! The folder `kubernetes` has the manifests of the service with RabbitMQ. `tests/kubernetes.rs` compares their times with
//! the plan that the program prints.

mod arguments;
mod audit;
mod backlog;
mod customer;
mod database;
mod demo;
mod hand_on;
mod journal;
mod service;
mod shop;
mod worker;

use std::process::ExitCode;

use clap::Parser as _;

pub use arguments::Arguments;
pub use backlog::{Placed, open as open_backlog};
pub use database::Database;
pub use shop::{Shop, routes};

/// Runs the service, or its demo.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.demo { demo::main(&arguments) } else { service::main() }
}
