//! The functions at the root of the crate. Each acts on the current lifecycle.

mod manage;
mod notices;
mod state;
mod work;

pub use manage::{defer, manage, manage_as, provide, start};
pub use notices::{Draining, Stopping};
pub use state::{
    drain_remaining, draining, fail, is_stopping, ready, reloads, remaining, request_reload, shutdown,
    stopping,
};
pub use work::{pass, spawn, spawn_blocking, spawn_essential, spawn_supervised};
