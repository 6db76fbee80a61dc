//! Runs the examples as processes, for their tests: real signals, real servers, and clients that count every answer.

mod customers;
mod folder;
mod servers;
mod service;
mod wait;

pub use client::{Answer, Connection, Method, StatusCode};
pub use customers::{Customers, Told};
pub use folder::Folder;
pub use libc::{SIGHUP, SIGKILL, SIGTERM};
pub use servers::Servers;
pub use service::{Service, built, refusal};
pub use wait::{TIMEOUT, soon, until};
