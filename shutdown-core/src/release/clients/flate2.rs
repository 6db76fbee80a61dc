//! Encoders of `flate2`: `write::GzEncoder`, `write::ZlibEncoder`, `write::DeflateEncoder`. Needs the feature `flate2`.
//!
//! | type | lost without release | a bare `#[teardown]` | who confirms |
//! |---|---|---|---|
//! | `write::GzEncoder` | the last block, the checksum and the length | in a `Mutex`: finishes it, and syncs a file | the kernel, after `sync_all` |
//! | `write::ZlibEncoder` | the last block and the checksum | in a `Mutex`: finishes it, and syncs a file | the kernel, after `sync_all` |
//! | `write::DeflateEncoder` | the last block | in a `Mutex`: finishes it, and syncs a file | the kernel, after `sync_all` |
//!
//! Run against real files.
//!
//! The release also ends the writers inside of the encoder: a `BufWriter` is flushed, another encoder is finished, and the
//! file is synced. It does not look into a `Box<dyn Write>`, which is only flushed.
//!
//! - An encoder that writes into memory needs no release.
//! - The encoders of `flate2::read` and `flate2::bufread` need no release, because they write nothing. The decoders of
//!   `flate2::write` are not known.
//! - A write after the release may panic.
//! - The feature turns on the backend `rust_backend`. `flate2` uses another backend if the program turns it on.

use std::future::Future;
use std::io::Write;

use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use flate2::{bufread, read};

use crate::lint::leak::{HoldsMemory, WritesToMemory};
use crate::release::known::{harmless, known};
use crate::release::nested;
use crate::release::owned::{ReleaseSync, owned, text_of};

known! {
    [W: Write] GzEncoder<W>: "flate2::write::GzEncoder",
    lost: "the last block of the data, and the checksum, without which the file is broken",
    does: "finishes it (and syncs a file), on a blocking thread",
    form: "std::sync::Mutex<GzEncoder<_>>";

    [W: Write] ZlibEncoder<W>: "flate2::write::ZlibEncoder",
    lost: "the last block of the data, and the checksum, without which the file is broken",
    does: "finishes it (and syncs a file), on a blocking thread",
    form: "std::sync::Mutex<ZlibEncoder<_>>";

    [W: Write] DeflateEncoder<W>: "flate2::write::DeflateEncoder",
    lost: "the last block of the data, without which the file is broken",
    does: "finishes it (and syncs a file), on a blocking thread",
    form: "std::sync::Mutex<DeflateEncoder<_>>";
}

harmless! {
    [R] read::GzEncoder<R>;
    [R] read::ZlibEncoder<R>;
    [R] read::DeflateEncoder<R>;
    [R] bufread::GzEncoder<R>;
    [R] bufread::ZlibEncoder<R>;
    [R] bufread::DeflateEncoder<R>;
}

macro_rules! encoder {
    ($($ty:ident;)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<W: WritesToMemory + Write> WritesToMemory for $ty<W> {}
        #[diagnostic::do_not_recommend]
        impl<W: WritesToMemory + Write> HoldsMemory for $ty<W> {}

        impl<W: Write + Send + 'static> ReleaseSync for $ty<W> {
            fn release_sync(&mut self) -> Result<(), String> {
                self.try_finish().and_then(|()| nested::end(self.get_mut())).map_err(text_of)
            }
        }

        owned! {
            sync:
            [W: Write + Send + 'static] $ty<W>;
        }
    )+};
}

encoder! {
    GzEncoder;
    ZlibEncoder;
    DeflateEncoder;
}
