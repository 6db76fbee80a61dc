//! The primitives: every atomic of the crate, the one lock helper, and the one way to catch a panic.
//!
//! loom checks `gate`, `notice` and `shards`, which take their types from [`modelled`]. All other modules use std's
//! `Mutex` with [`lock`].

mod activity;
pub(crate) mod catch;
mod counter;
mod flag;
pub(crate) mod gate;
mod lock;
pub(crate) mod modelled;
pub(crate) mod notice;
pub(crate) mod shards;
#[cfg(feature = "http")]
mod switch;
pub(crate) mod thread;

pub(crate) use activity::Activity;
pub(crate) use counter::Counter;
#[cfg(feature = "mysql_async")]
pub(crate) use counter::read;
pub(crate) use flag::Flag;
pub(crate) use lock::{lock, wait, wait_timeout, wait_timeout_while};
#[cfg(feature = "http")]
pub(crate) use switch::Switch;
