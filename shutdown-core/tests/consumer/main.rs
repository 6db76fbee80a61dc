//! Consumers and their sources, in memory.
#![cfg(feature = "consumer")]

mod conformance;
mod faulty;
mod run;
