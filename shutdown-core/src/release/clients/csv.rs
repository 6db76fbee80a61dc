//! Writers of `csv`: `Writer`. Needs the feature `csv`.
//!
//! | type | lost without release | a bare `#[teardown]` |
//! |---|---|---|
//! | `Writer` | the records in the buffer | in a `Mutex`: flushes, and syncs a file |
//!
//! A `Writer` that writes into memory needs no release.

use std::future::Future;
use std::io::Write;

use csv::Writer;

use crate::lint::leak::{HoldsMemory, WritesToMemory};
use crate::release::known::known;
use crate::release::owned::{ReleaseSync, owned, text_of};
use crate::release::std::sync;

known! {
    [W: Write] Writer<W>: "csv::Writer",
    lost: "the records that are still in the buffer, and an error of writing them",
    does: "flushes it (and syncs a file), on a blocking thread",
    form: "std::sync::Mutex<Writer<_>>";
}

#[diagnostic::do_not_recommend]
impl<W: Write + WritesToMemory> HoldsMemory for Writer<W> {}

impl<W: Write + Send + 'static> ReleaseSync for Writer<W> {
    fn release_sync(&mut self) -> Result<(), String> {
        self.flush().and_then(|()| sync(self.get_ref())).map_err(text_of)
    }
}

owned! {
    sync:
    [W: Write + Send + 'static] Writer<W>;
}
