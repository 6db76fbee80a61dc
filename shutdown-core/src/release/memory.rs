//! Writers into memory. Their bytes are lost with the process in any case, so a buffer in front of one needs no release.

use std::collections::VecDeque;
use std::io::{BufWriter, Cursor, Empty, LineWriter, Sink, Write};

use crate::lint::leak::{HoldsMemory, WritesToMemory};

macro_rules! memory {
    ($([$($param:tt)*] $ty:ty;)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($param)*> WritesToMemory for $ty {}
    )+};
}

memory! {
    [] Vec<u8>;
    [] VecDeque<u8>;
    [] [u8];
    [T] Cursor<T>;
    [] Sink;
    [] Empty;
    [W: WritesToMemory + ?Sized] &mut W;
    [W: WritesToMemory + ?Sized] Box<W>;
    [W: WritesToMemory + Write] BufWriter<W>;
    [W: WritesToMemory + Write] LineWriter<W>;
}

#[diagnostic::do_not_recommend]
impl<W: WritesToMemory + Write> HoldsMemory for BufWriter<W> {}
#[diagnostic::do_not_recommend]
impl<W: WritesToMemory + Write> HoldsMemory for LineWriter<W> {}

#[cfg(all(feature = "tokio-types", not(loom)))]
mod of_tokio {
    use tokio::io::{BufWriter, Empty, Sink};

    use super::{HoldsMemory, WritesToMemory};

    memory! {
        [] Empty;
        [] Sink;
        [W: WritesToMemory] BufWriter<W>;
    }

    #[diagnostic::do_not_recommend]
    impl<W: WritesToMemory> HoldsMemory for BufWriter<W> {}
}
