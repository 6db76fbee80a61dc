//! Archives of `zip`: `ZipWriter`. Needs the feature `zip`.
//!
//! | type | lost without release | a bare `#[teardown]` | who confirms |
//! |---|---|---|---|
//! | `ZipWriter` | the central directory, without which no program opens the archive | in a `Slot`: finishes it, and syncs a file | the kernel, after `sync_all` |
//!
//! Run against real files. Version 9.8 needs Rust 1.89.
//!
//! The release also ends the writers inside of the archive: a `BufWriter` is flushed, and the file is synced. It does not
//! look into a `Box<dyn Write>`, which is only flushed. An archive in memory needs no release.

use std::future::{Future, ready};
use std::io::{Seek, Write};

use zip::ZipWriter;

use crate::lint::leak::{HoldsMemory, WritesToMemory};
use crate::release::known::known;
use crate::release::nested;
use crate::release::owned::{ReleaseOwned, text_of};

known! {
    [W: Write + Seek] ZipWriter<W>: "zip::ZipWriter",
    lost: "the central directory, without which no program opens the archive",
    does: "finishes it (and syncs a file), on a blocking thread",
    form: "lifecycle::Slot<ZipWriter<_>>";
}

#[diagnostic::do_not_recommend]
impl<W: WritesToMemory + Write + Seek> HoldsMemory for ZipWriter<W> {}

impl<List: 'static, W: Write + Seek + Send + 'static> ReleaseOwned<List> for ZipWriter<W> {
    const BLOCKING: bool = true;

    fn release_owned(self) -> impl Future<Output = Result<(), String>> + Send {
        let finished = self.finish().map_err(text_of);
        ready(finished.and_then(|mut writer| nested::end(&mut writer).map_err(text_of)))
    }
}
