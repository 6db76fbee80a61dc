//! A small shop that loses no order, however it is stopped.
//!
//! ```text
//! cargo run --example checkout                     # serves from ./checkout-data, on a free port
//! curl -X PUT http://127.0.0.1:PORT/orders/mine -d 'one espresso'
//! curl http://127.0.0.1:PORT/orders/mine
//!
//! cargo run --example checkout -- --demo           # stops it under load, and audits what it kept
//! cargo run --example checkout -- --demo --kill    # the same by SIGKILL: what a clean stop is good for
//! ```
//!
//! It settles its orders itself, and needs no server for that. With `--hand-on` it hands them on to RabbitMQ, from where
//! [`worker`](../worker/main.rs) takes them into PostgreSQL:
//!
//! ```text
//! examples/servers postgres rabbitmq               # in another terminal; paste what it prints into these two
//! cargo run --example worker
//! cargo run --example checkout -- --hand-on        # an order is acknowledged when it is in ./checkout-data
//! ```
//!
//! Both may be restarted at any time, and there may be several of each, each checkout with a folder and a port: every
//! order that was acknowledged is settled once. A stop hands on what there is, and after a crash the successor does,
//! which opens the same folder. A folder is for one checkout only: `SQLite` lets one write at a time, and two of them
//! would hand on the same orders. If RabbitMQ goes away both stop with an error, the checkout at its next order, which
//! is kept; whoever keeps them running starts them again.
//!
//! Begin with `service.rs`. It is all that the shop does about its shutdown, together with the attributes on
//! `Database` in `shop.rs`, on `Journal` in `journal.rs` and on `Broker` in `broker.rs`, and the loops in `worker.rs`
//! and `relay.rs`. The rest, `demo.rs`, `client.rs`, `connection.rs` and `audit.rs`, is the demo's parent process, and knows nothing of
//! `lifecycle`.

mod arguments;
mod audit;
mod backlog;
mod broker;
mod client;
mod connection;
mod demo;
#[path = "../environment.rs"]
mod environment;
mod journal;
#[path = "../rabbitmq.rs"]
mod rabbitmq;
mod relay;
mod service;
mod shop;
mod worker;

use std::process::ExitCode;

fn main() -> ExitCode {
    if arguments::asks_for_demo() { demo::main() } else { service::main() }
}
