//! Checks of the source tree that no compiler makes.
//!
//! [`rules`] compares the rules that the project cites with `docs/DESIGN.md`. [`layers`] compares the paths of
//! `shutdown-core` with the layers of `ARCHITECTURE.md`. [`habits`] finds code that belongs into one place only.
//! [`msrv`] compares the Rust versions in the docs of clients with what cargo resolves.
//!
//! Each check is a function from text to a list of faults, so that a test can prove it on a tree of three lines.

pub mod habits;
pub mod layers;
pub mod msrv;
pub mod rules;

mod files;
mod modules;
mod tokens;

pub use files::{Files, project, read};
pub use modules::{Module, modules, test_lines};
pub use tokens::Named;
