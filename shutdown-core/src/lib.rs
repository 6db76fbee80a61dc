//! lifecycle
#![allow(dead_code, unused_imports, reason = "wip")]
mod budget;
mod plan;
mod report;
mod sequence;
mod stage;
