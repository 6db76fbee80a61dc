//! A library that declares a resource, for the tests of a program made of several crates.

use lifecycle::Teardown;

/// What only the library knows how to close.
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
