//! A client of another version than the one of the feature that is turned on: lapin 3, with `lapin` and not `lapin3`.
#![deny(deprecated)]
#![allow(dead_code)]

use lapin3 as lapin;

#[lifecycle::resource(no_teardown = "corpus")]
struct Warned {
    channel: lapin::Channel,
    telling: std::sync::Arc<lapin::Connection>,
}

#[lifecycle::resource]
struct Bare {
    #[teardown]
    connection: lapin::Connection,
}

fn main() {}
