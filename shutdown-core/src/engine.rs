//! One lifecycle: the sequence behind a lock, and the carrying out of its actions on the user's runtime.
//!
//! The files stand in reading order: each uses only those above it.

pub(crate) mod clock;
pub(crate) mod host;

mod at_notice;
#[cfg(feature = "http")]
pub(crate) mod checks;
pub(crate) mod hook;
pub(crate) mod tasks;
pub(crate) mod work;

pub(crate) mod output;

pub(crate) mod lifecycle;
mod running;

#[cfg(feature = "testing")]
pub(crate) mod fault;

pub(crate) mod context;

mod driver;
mod handle;
mod manage;
mod run;
mod spawn;

pub(crate) mod builder;
pub(crate) mod defer;
#[cfg(feature = "http")]
pub(crate) mod readiness;
pub(crate) mod reload;
pub(crate) mod start;
pub(crate) mod supervised;

pub(crate) mod functions;
