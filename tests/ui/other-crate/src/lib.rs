//! Resources that those of another crate depend on.

/// Torn down early.
#[lifecycle::resource(order = 1, no_teardown = "memory only")]
#[derive(Debug)]
pub struct Ledger;

/// Torn down before the ledger.
#[lifecycle::resource(depends_on(Ledger), no_teardown = "memory only")]
#[derive(Debug)]
pub struct Books;
