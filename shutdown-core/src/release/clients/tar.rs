//! Archives of `tar`: `Builder`. Needs the feature `tar`.
//!
//! | type | lost without release | a bare `#[teardown]` | who confirms |
//! |---|---|---|---|
//! | `Builder` | the two empty blocks at the end, and the bytes in the writers inside of it | in a `Mutex`: finishes it, and syncs a file | the kernel, after `sync_all` |
//!
//! Run against real files.
//!
//! The release also ends the writers inside of the archive: a `BufWriter` is flushed, an encoder of `flate2` is finished, and
//! the file is synced. It does not look into a `Box<dyn Write>`, which is only flushed. An archive in memory needs no release.

use std::future::Future;
use std::io::Write;

use tar::Builder;

use crate::lint::leak::{HoldsMemory, WritesToMemory};
use crate::release::known::known;
use crate::release::nested;
use crate::release::owned::{ReleaseSync, owned, text_of};

known! {
    [W: Write] Builder<W>: "tar::Builder",
    lost: "the end of the archive, and the bytes that its writers still hold",
    does: "finishes it and its writers (and syncs a file), on a blocking thread",
    form: "std::sync::Mutex<Builder<_>>";
}

#[diagnostic::do_not_recommend]
impl<W: WritesToMemory + Write> HoldsMemory for Builder<W> {}

impl<W: Write + Send + 'static> ReleaseSync for Builder<W> {
    fn release_sync(&mut self) -> Result<(), String> {
        self.finish().and_then(|()| nested::end(self.get_mut())).map_err(text_of)
    }
}

owned! {
    sync:
    [W: Write + Send + 'static] Builder<W>;
}
