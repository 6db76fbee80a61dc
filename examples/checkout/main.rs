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
//! Begin with `service.rs`. It is all that the shop does about its shutdown, together with the attributes on
//! `Database` in `shop.rs` and on `Journal` in `journal.rs`, and the loop in `worker.rs`. The rest, `demo.rs`,
//! `client.rs` and `audit.rs`, is the demo's parent process, and knows nothing of `lifecycle`.

mod arguments;
mod audit;
mod client;
mod demo;
mod journal;
mod service;
mod shop;
mod worker;

use std::process::ExitCode;

fn main() -> ExitCode {
    if arguments::asks_for_demo() { demo::main() } else { service::main() }
}
