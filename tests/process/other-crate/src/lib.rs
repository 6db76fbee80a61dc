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

/// Nobody hands one over, but for a function that nobody calls.
#[lifecycle::resource(no_teardown = "there is never one")]
#[derive(Debug, Default)]
pub struct Archive {
    _private: (),
}

/// Nobody calls this.
pub fn open_the_archive() -> lifecycle::Managed<Archive> {
    lifecycle::manage(Archive::default())
}
