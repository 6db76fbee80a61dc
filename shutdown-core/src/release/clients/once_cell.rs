//! Cells of `once_cell`: `sync::OnceCell`, `sync::Lazy`. Needs the feature `once_cell`.
//!
//! | type | lost without release | a bare `#[teardown]` | who confirms |
//! |---|---|---|---|
//! | a cell around a known type | the same as without the cell | releases the value, if there is one | as for that type |

use once_cell::sync::{Lazy, OnceCell};

use crate::lint::leak::Wrapper::Stays;
use crate::release::Release;
use crate::release::wrappers::{one, wrappers};

wrappers! {
    [] OnceCell<T>: Stays("OnceCell<", ">");
    [, F] Lazy<T, F>: Stays("Lazy<", ">");
}

one! {
    [] OnceCell<R>: |cell| cell.get();
    [, F: FnOnce() -> R + Send + 'static] Lazy<R, F>: |lazy| Lazy::get(lazy);
}
