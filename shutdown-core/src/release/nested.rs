//! Writers inside of writers, such as `BufWriter<GzEncoder<File>>`.
//!
//! A release ends the whole chain: it flushes each buffer, finishes each encoder, and syncs the file. The type of an inner
//! writer is a parameter, and an impl cannot depend on what that type can do. So the type is compared with each known
//! chain when the release runs.

use std::any::Any;
use std::fs::File;
#[cfg(feature = "zip")]
use std::io::Seek;
use std::io::{self, BufWriter, LineWriter, Write};
use std::sync::Arc;

#[cfg(feature = "flate2")]
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
#[cfg(feature = "zip")]
use zip::{ZipWriter, write::StreamWriter};

/// Ends the chain of an inner writer. A writer that is not known is flushed.
pub(super) fn end<W: Write + 'static>(writer: &mut W) -> io::Result<()> {
    match chain(writer) {
        Some(ends) => (ends.end)(writer),
        None => writer.flush(),
    }
}

/// Syncs the file of an inner writer that has been flushed, and that can only be borrowed. Fails if the chain has an
/// encoder, because that is not finished.
#[cfg_attr(
    not(feature = "csv"),
    expect(dead_code, reason = "only a `csv::Writer` lends its writer and no more")
)]
pub(super) fn sync<W: Write + 'static>(writer: &W) -> io::Result<()> {
    match chain(writer) {
        Some(ends) => (ends.sync)(writer),
        None => Ok(()),
    }
}

/// A writer that knows the whole chain inside of it.
trait Chain: Write + 'static {
    /// Flushes or finishes each writer of the chain, and syncs the file.
    fn end(&mut self) -> io::Result<()>;
    /// Syncs the file.
    fn sync(&self) -> io::Result<()>;
}

/// The methods of a [`Chain`] whose type has been found.
struct Ends {
    end: fn(&mut dyn Any) -> io::Result<()>,
    sync: fn(&dyn Any) -> io::Result<()>,
}

impl Ends {
    const fn of<C: Chain>() -> Self {
        Self {
            end: |writer| writer.downcast_mut::<C>().map_or(Ok(()), C::end),
            sync: |writer| writer.downcast_ref::<C>().map_or(Ok(()), C::sync),
        }
    }
}

macro_rules! files {
    ($($ty:ty: $sync_all:expr;)+) => {$(
        impl Chain for $ty {
            fn end(&mut self) -> io::Result<()> {
                self.sync()
            }

            fn sync(&self) -> io::Result<()> {
                $sync_all(self)
            }
        }
    )+};
}

files! {
    File: File::sync_all;
    Arc<File>: |file: &Arc<File>| file.sync_all();
}

#[cfg(feature = "tempfile")]
files! {
    tempfile::NamedTempFile: |file: &tempfile::NamedTempFile| file.as_file().sync_all();
}

macro_rules! buffers {
    ($($ty:ident;)+) => {$(
        impl<W: Chain> Chain for $ty<W> {
            fn end(&mut self) -> io::Result<()> {
                self.flush()?;
                self.get_mut().end()
            }

            fn sync(&self) -> io::Result<()> {
                self.get_ref().sync()
            }
        }
    )+};
}

buffers! {
    BufWriter;
    LineWriter;
}

#[cfg(feature = "zip")]
buffers! {
    StreamWriter;
}

#[cfg(feature = "flate2")]
macro_rules! encoders {
    ($($ty:ident;)+) => {$(
        impl<W: Chain> Chain for $ty<W> {
            fn end(&mut self) -> io::Result<()> {
                self.try_finish()?;
                self.get_mut().end()
            }

            fn sync(&self) -> io::Result<()> {
                Err(unfinished(stringify!($ty)))
            }
        }
    )+};
}

#[cfg(feature = "flate2")]
encoders! {
    DeflateEncoder;
    GzEncoder;
    ZlibEncoder;
}

/// An archive is finished by value only.
#[cfg(feature = "zip")]
impl<W: Chain + Seek> Chain for ZipWriter<W> {
    fn end(&mut self) -> io::Result<()> {
        Err(unfinished("ZipWriter"))
    }

    fn sync(&self) -> io::Result<()> {
        Err(unfinished("ZipWriter"))
    }
}

#[cfg(any(feature = "flate2", feature = "zip"))]
fn unfinished(inner: &str) -> io::Error {
    let method =
        if inner == "ZipWriter" { "in the body of `teardown`" } else { "by value, in a `lifecycle::Slot`" };
    io::Error::other(format!(
        "the `{inner}` inside of the writer is not finished; release the writer {method}"
    ))
}

/// Finds the type of a chain. The list has each file, with up to two writers around it.
fn chain(writer: &dyn Any) -> Option<Ends> {
    macro_rules! compare {
        (0: $ty:ty) => {
            if writer.is::<$ty>() {
                return Some(Ends::of::<$ty>());
            }
        };
        (1: $ty:ty) => {
            compare!(0: $ty);
            compare!(0: BufWriter<$ty>);
            compare!(0: LineWriter<$ty>);
            #[cfg(feature = "flate2")]
            {
                compare!(0: DeflateEncoder<$ty>);
                compare!(0: GzEncoder<$ty>);
                compare!(0: ZlibEncoder<$ty>);
            }
        };
        (2: $ty:ty) => {
            compare!(1: $ty);
            compare!(1: BufWriter<$ty>);
            compare!(1: LineWriter<$ty>);
            #[cfg(feature = "flate2")]
            {
                compare!(1: DeflateEncoder<$ty>);
                compare!(1: GzEncoder<$ty>);
                compare!(1: ZlibEncoder<$ty>);
                // An encoder between two buffers.
                compare!(0: BufWriter<DeflateEncoder<BufWriter<$ty>>>);
                compare!(0: BufWriter<GzEncoder<BufWriter<$ty>>>);
                compare!(0: BufWriter<ZlibEncoder<BufWriter<$ty>>>);
            }
        };
    }
    #[cfg(feature = "zip")]
    {
        compare!(0: StreamWriter<File>);
        compare!(0: StreamWriter<BufWriter<File>>);
        compare!(0: ZipWriter<File>);
        compare!(0: ZipWriter<BufWriter<File>>);
    }
    compare!(2: File);
    compare!(2: Arc<File>);
    #[cfg(feature = "tempfile")]
    {
        compare!(2: tempfile::NamedTempFile);
    }
    None
}
