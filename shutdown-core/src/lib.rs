//! lifecycle

mod sync;

mod gate;
mod notice;
mod shards;

pub use gate::{Gate, Pass};
pub use notice::{Notice, Waiting};
