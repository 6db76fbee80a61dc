//! Writers of `csv`: `Writer`. Needs the feature `csv`.
//!
//! | type | lost without release | a bare `#[teardown]` | who confirms |
//! |---|---|---|---|
//! | `Writer` | the records in the buffer | in a `Mutex` or a `Slot`: flushes, and syncs a file | the kernel, after `sync_all` |
//!
//! Run against real files.
//!
//! - A `Writer` around an encoder of `flate2` needs a `Slot`, because only a release by value reaches the encoder. In a
//!   `Mutex` the teardown fails, and says so.
//! - A `Writer` that writes into memory needs no release.

use std::future::{Future, ready};
use std::io::Write;

use csv::Writer;

use crate::lint::leak::{HoldsMemory, WritesToMemory};
use crate::release::known::known;
use crate::release::nested;
use crate::release::owned::{ReleaseOwned, ReleaseSync, text_of};

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
        self.flush().and_then(|()| nested::sync(self.get_ref())).map_err(text_of)
    }
}

impl<List: 'static, W: Write + Send + 'static> ReleaseOwned<List> for Writer<W> {
    const BLOCKING: bool = true;

    fn release_owned(self) -> impl Future<Output = Result<(), String>> + Send {
        let flushed = self.into_inner().map_err(|error| text_of(error.error()));
        ready(flushed.and_then(|mut writer| nested::end(&mut writer).map_err(text_of)))
    }
}
