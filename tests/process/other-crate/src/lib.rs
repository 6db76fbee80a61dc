//! A library that declares a resource, for the tests of a program with several crates.

use lifecycle::Teardown;

/// A resource that only this library can close.
#[lifecycle::resource]
#[derive(Debug, Default)]
pub struct Ledger {
    _private: (),
}

#[lifecycle::teardown]
impl Teardown for Ledger {
    async fn teardown(&self) {
        println!("ledger closed");
    }
}
