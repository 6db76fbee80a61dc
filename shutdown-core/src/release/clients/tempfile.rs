//! Files and folders of `tempfile`: `TempDir`, `NamedTempFile`, `TempPath`. Needs the feature `tempfile`.
//!
//! | type | lost without release | a bare `#[teardown]` | who confirms |
//! |---|---|---|---|
//! | `TempDir` | the folder stays | in a `Slot`: removes it | the kernel, which has removed it |
//! | `NamedTempFile`, `TempPath` | the file stays | in a `Slot`: removes it | the kernel, which has removed it |
//!
//! Run against real files.
//!
//! A process that exits does not drop its values, so their files stay.

use std::future::{Future, ready};
use std::io;

use tempfile::{NamedTempFile, TempDir, TempPath};

use crate::release::known::known;
use crate::release::owned::{ReleaseOwned, text_of};

known! {
    [] TempDir: "tempfile::TempDir",
    lost: "the folder and its files stay on the disk",
    does: "removes the folder, on a blocking thread",
    form: "lifecycle::Slot<TempDir>";

    [F] NamedTempFile<F>: "tempfile::NamedTempFile",
    lost: "the file stays on the disk",
    does: "removes the file, on a blocking thread",
    form: "lifecycle::Slot<NamedTempFile<_>>";

    [] TempPath: "tempfile::TempPath",
    lost: "the file stays on the disk",
    does: "removes the file, on a blocking thread",
    form: "lifecycle::Slot<TempPath>";
}

macro_rules! removed {
    ($([$($param:tt)*] $ty:ty;)+) => {$(
        impl<List: 'static, $($param)*> ReleaseOwned<List> for $ty {
            const BLOCKING: bool = true;

            fn release_owned(self) -> impl Future<Output = Result<(), String>> + Send {
                ready(match self.close() {
                    // Removed already.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                    closed => closed.map_err(text_of),
                })
            }
        }
    )+};
}

removed! {
    [] TempDir;
    [F: Send + 'static] NamedTempFile<F>;
    [] TempPath;
}
